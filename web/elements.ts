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

/** Sets an attribute, or takes it away where the value is false or undefined. */
export function setAttribute(of: Element, name: string, value: Attributes[string]): void {
  if (value === undefined || value === false) of.removeAttribute(name);
  else of.setAttribute(name, value === true ? '' : String(value));
}
