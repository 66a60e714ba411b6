/** Calls `begin` once when the section comes near the viewport, so that loading it does not delay the first prediction. */
export function whenSeen(root: HTMLElement, begin: () => void): void {
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      begin();
    },
    { rootMargin: '400px' },
  );
  observer.observe(root);
}
