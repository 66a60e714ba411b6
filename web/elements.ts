/** Creates elements: `element('button', { class: 'button', type: 'button' }, 'Test')`. */

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** `true` sets an attribute without a value; false and undefined set none. String children become text nodes. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(made, name, value);
  made.append(...children);
  return made;
}

/**
 * Sets `aria-disabled`, which `onPress` respects. The attribute `disabled` would take the focus away from a button that is
 * disabled for a moment.
 */
export function enable(button: HTMLButtonElement, isEnabled: boolean): void {
  setAttribute(button, 'aria-disabled', isEnabled ? undefined : 'true');
}

/** Calls `act` on a click while the button is enabled. */
export function onPress(button: HTMLButtonElement, act: (event: MouseEvent) => void): void {
  button.addEventListener('click', (event) => {
    if (button.getAttribute('aria-disabled') !== 'true') act(event);
  });
}

/** Wraps quoted commands ('npm run …') in `code` elements, so that lines do not break inside an option. */
export function withCommands(text: string): (Node | string)[] {
  return text
    .split(/'(npm run [^']*)'/)
    .map((part, i) => (i % 2 === 1 ? element('code', { class: 'command' }, part) : part));
}

/** Sets an attribute, or removes it if the value is false or undefined. */
export function setAttribute(of: Element, name: string, value: Attributes[string]): void {
  if (value === undefined || value === false) of.removeAttribute(name);
  else of.setAttribute(name, value === true ? '' : String(value));
}
