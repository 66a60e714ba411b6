/** Elements made by scripts: `element('button', { class: 'button', type: 'button' }, 'Test')`. */

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** True gives an attribute without a value, false and undefined none. Strings among the children become text. */
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
 * Not `disabled`: a button that cannot be pressed for a moment would lose the keyboard's place. Its work goes through
 * `onPress`, which heeds this.
 */
export function enable(button: HTMLButtonElement, isEnabled: boolean): void {
  setAttribute(button, 'aria-disabled', isEnabled ? undefined : 'true');
}

/** What a button does, while it is enabled. */
export function onPress(button: HTMLButtonElement, act: (event: MouseEvent) => void): void {
  button.addEventListener('click', (event) => {
    if (button.getAttribute('aria-disabled') !== 'true') act(event);
  });
}

/** Text whose commands, 'npm run …' in quotes, do not break in the middle of an option. */
export function withCommands(text: string): (Node | string)[] {
  return text
    .split(/'(npm run [^']*)'/)
    .map((part, i) => (i % 2 === 1 ? element('code', { class: 'command' }, part) : part));
}

/** Sets an attribute, or takes it away where the value is false or undefined. */
export function setAttribute(of: Element, name: string, value: Attributes[string]): void {
  if (value === undefined || value === false) of.removeAttribute(name);
  else of.setAttribute(name, value === true ? '' : String(value));
}
