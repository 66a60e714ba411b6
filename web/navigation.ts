/** Links to sections: marks the current section in the bar, and keeps a link's target in view while the page grows. */

export function installNavigation(nav: HTMLElement, sections: readonly HTMLElement[]): void {
  const links = new Map(
    [...nav.querySelectorAll<HTMLAnchorElement>('a')].map((link) => [link.hash.slice(1), link]),
  );
  const inView = new Set<string>();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) inView.add(target.id);
        else inView.delete(target.id);
      }
      const current = sections.find(({ id }) => inView.has(id))?.id;
      for (const [id, link] of links) {
        if (id === current) link.setAttribute('aria-current', 'true');
        else link.removeAttribute('aria-current');
      }
    },
    // The current section is the one that crosses a line a third down the window.
    { rootMargin: '-33% 0px -66% 0px' },
  );
  for (const section of sections) observer.observe(section);
  holdTarget();
}

/**
 * Sections load and grow when they come near the viewport. Keeps a link's target in view while the sections above it grow,
 * until the user scrolls, clicks or presses a key.
 */
function holdTarget(): void {
  let target = document.querySelector(':target');
  for (const type of ['pointerdown', 'wheel', 'touchstart', 'keydown'])
    addEventListener(type, () => (target = null), { passive: true });
  addEventListener('hashchange', () => {
    // Back and forward restore the scroll position. A link fires this event as well, with its own target.
    if (target?.id !== location.hash.slice(1)) target = null;
  });
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link?.hash) target = document.getElementById(link.hash.slice(1));
  });
  new ResizeObserver(() => target?.scrollIntoView()).observe(document.body);
}
