type Child = Node | string | null | false;

interface Properties {
  class?: string;
  id?: string;
  role?: string;
  type?: 'button';
  scope?: 'row' | 'col' | 'rowgroup';
  colspan?: number;
  tabindex?: 0 | -1;
  disabled?: boolean;
  aria?: Record<string, string>;
  data?: Record<string, string>;
  on?: Record<string, (event: Event) => void>;
}

/**
 * An element with its children. Strings become text nodes, never markup, and there is no way to give a
 * style attribute: the policy of the page forbids it.
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  const { aria = {}, data = {}, on = {}, class: className, disabled, ...attributes } = properties;
  if (className) element.className = className;
  if (disabled) element.setAttribute('disabled', '');
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  for (const [name, value] of Object.entries(aria)) element.setAttribute(`aria-${name}`, value);
  for (const [name, value] of Object.entries(data)) element.dataset[name] = value;
  for (const [name, listener] of Object.entries(on)) element.addEventListener(name, listener);
  element.append(...children.filter((child) => child !== null && child !== false));
  return element;
}

export function button(label: string, className: string, onClick: () => void): HTMLButtonElement {
  return h('button', { type: 'button', class: className, on: { click: onClick } }, label);
}
