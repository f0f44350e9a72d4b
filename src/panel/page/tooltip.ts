import { h } from './dom.ts';

const margin = 6;
/** The tooltip touches its element, so that the pointer reaches it without crossing another. */
const overlap = 1;

/**
 * One tooltip for the whole page. It opens when an explained element is pointed at or focused, stays while
 * the pointer is on it, and closes on Escape (WCAG 2.1, 1.4.13).
 */
export class Tooltip {
  readonly #box = h('div', { class: 'tooltip', role: 'tooltip', id: 'tooltip' });
  readonly #explanations = new WeakMap<Element, string>();
  #target: Element | null = null;

  constructor(root: HTMLElement) {
    this.#box.hidden = true;
    document.body.append(this.#box);
    const open = (event: Event) => this.#open(this.#explained(event.target));
    root.addEventListener('focusin', open);
    root.addEventListener('mouseover', open);
    root.addEventListener('focusout', () => this.close());
    const leave = ({ relatedTarget }: MouseEvent) => {
      if (relatedTarget !== this.#box && !this.#explained(relatedTarget)) this.#closeUnlessFocused();
    };
    root.addEventListener('mouseout', leave);
    this.#box.addEventListener('mouseleave', () => this.#closeUnlessFocused());
    // Walking a table by keyboard scrolls it: the tooltip goes along.
    document.addEventListener('scroll', () => this.#place(), { capture: true });
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.close();
    });
  }

  explain(element: Element, explanation: string): void {
    this.#explanations.set(element, explanation);
    element.setAttribute('data-explained', '');
  }

  close(): void {
    this.#target?.removeAttribute('aria-describedby');
    this.#target = null;
    this.#box.hidden = true;
  }

  #explained(target: EventTarget | null): Element | null {
    return target instanceof Element ? target.closest('[data-explained]') : null;
  }

  #closeUnlessFocused(): void {
    const focused = this.#explained(document.activeElement);
    if (focused && focused === this.#target) return;
    this.close();
  }

  #open(target: Element | null): void {
    const explanation = target && this.#explanations.get(target);
    if (!target || !explanation || target === this.#target) return;
    this.close();
    this.#target = target;
    target.setAttribute('aria-describedby', this.#box.id);
    this.#box.textContent = explanation;
    this.#box.hidden = false;
    this.#place();
  }

  #place(): void {
    if (!this.#target) return;
    const anchor = this.#target.getBoundingClientRect();
    const { clientWidth, clientHeight } = document.documentElement;
    const { offsetWidth, offsetHeight } = this.#box;
    const left = Math.max(margin, Math.min(anchor.left, clientWidth - offsetWidth - margin));
    const below = anchor.bottom - overlap;
    const fits = below + offsetHeight <= clientHeight;
    const top = fits ? below : Math.max(margin, anchor.top - offsetHeight + overlap);
    this.#box.style.setProperty('left', `${left}px`);
    this.#box.style.setProperty('top', `${top}px`);
  }
}
