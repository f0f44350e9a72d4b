import { h } from './dom.ts';

const gap = 6;

/**
 * One tooltip for the whole page. It opens when an explained element is pointed at or focused, stays while
 * the pointer is on it, and closes on Escape (WCAG 2.1, 1.4.13).
 */
export class Tooltip {
  readonly #box = h('div', { class: 'tooltip', role: 'tooltip', id: 'tooltip' });
  readonly #explanations = new WeakMap<Element, string>();
  readonly #listeners = new AbortController();
  #target: Element | null = null;

  constructor(root: HTMLElement) {
    this.#box.hidden = true;
    document.body.append(this.#box);
    const { signal } = this.#listeners;
    const open = (event: Event) => this.#open(this.#explained(event.target));
    root.addEventListener('focusin', open, { signal });
    root.addEventListener('mouseover', open, { signal });
    root.addEventListener('focusout', () => this.close(), { signal });
    root.addEventListener('mouseleave', () => this.#closeUnlessFocused(), { signal });
    root.addEventListener(
      'mouseout',
      (event) => {
        if (event.relatedTarget !== this.#box && !this.#explained(event.relatedTarget)) {
          this.#closeUnlessFocused();
        }
      },
      { signal },
    );
    this.#box.addEventListener('mouseleave', () => this.#closeUnlessFocused(), { signal });
    document.addEventListener('scroll', () => this.close(), { signal, capture: true });
    document.addEventListener(
      'keydown',
      (event) => {
        if (event.key === 'Escape') this.close();
      },
      { signal },
    );
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

  dispose(): void {
    this.#listeners.abort();
    this.close();
    this.#box.remove();
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
    this.#place(target.getBoundingClientRect());
  }

  #place(anchor: DOMRect): void {
    const { clientWidth, clientHeight } = document.documentElement;
    const { offsetWidth, offsetHeight } = this.#box;
    const left = Math.max(gap, Math.min(anchor.left, clientWidth - offsetWidth - gap));
    const below = anchor.bottom + gap;
    const top = below + offsetHeight <= clientHeight ? below : Math.max(gap, anchor.top - offsetHeight - gap);
    this.#box.style.setProperty('left', `${left}px`);
    this.#box.style.setProperty('top', `${top}px`);
  }
}
