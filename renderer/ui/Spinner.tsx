import { LoaderCircle } from "lucide-react";

export const Spinner = ({ size = 14 }: { readonly size?: number }) => (
  <LoaderCircle className="spinner" size={size} aria-hidden />
);
