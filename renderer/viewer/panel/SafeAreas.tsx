/** Where titles (90 %) and what happens (93 %) are safe on any screen: EBU R 95, and the middle of both sides. */
export const SafeAreas = () => (
  <svg className="viewer__safe" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden>
    <rect x="3.5" y="3.5" width="93" height="93" />
    <rect x="5" y="5" width="90" height="90" />
    <path d="M50 3.5v3M50 93.5v3M3.5 50h2M94.5 50h2M49 50h2M50 48.5v3" />
  </svg>
);
