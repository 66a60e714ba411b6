/** The links to sections: in the bar that of the section being read is marked, and all lead where they say. */

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
    // A line a third down the window: the section that crosses it is the one being read.
    { rootMargin: '-33% 0px -66% 0px' },
  );
  for (const section of sections) observer.observe(section);
  holdTarget();
}

/**
 * Sections have their contents when they come near, and grow: what a link has brought into view stays there while those
 * above it do, until the reader goes on by other means.
 */
function holdTarget(): void {
  let target = document.querySelector(':target');
  for (const type of ['pointerdown', 'wheel', 'touchstart', 'keydown'])
    addEventListener(type, () => (target = null), { passive: true });
  addEventListener('hashchange', () => {
    // Back and forward lead to where the reader was; a link comes here, too.
    if (target?.id !== location.hash.slice(1)) target = null;
  });
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link?.hash) target = document.getElementById(link.hash.slice(1));
  });
  new ResizeObserver(() => target?.scrollIntoView()).observe(document.body);
}
