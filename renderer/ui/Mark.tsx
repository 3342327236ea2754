/** Plume's feather. */
export const Mark = ({ size = 18 }: { readonly size?: number }) => (
  <svg
    viewBox="0 0 64 64"
    width={size}
    height={size}
    fill="none"
    stroke="currentColor"
    strokeLinecap="round"
    aria-hidden
  >
    <path d="M8 57C12 31 27 11 56 7c-1 15-6 26-15 33-5 4-12 5-19 5" strokeWidth="5.5" strokeLinejoin="round" />
    <path d="M8 57c10-16 21-27 34-35" strokeWidth="5.5" />
  </svg>
);
