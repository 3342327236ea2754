import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { carriesFiles } from "../state/drag.ts";
import { filesOf, type PickedFile } from "../state/pick-files.ts";

/** Files and folders that are dropped anywhere in the window, or pasted, unless something else took them; true while some hover over it. */
export function useFileDrop(onFiles: (files: PickedFile[]) => void): boolean {
  const [isOver, setOver] = useState(false);
  const take = useRef(onFiles);
  useEffect(() => {
    take.current = onFiles;
  });
  // With what is seen, not some time after it: a file that is let go in between would be lost, or opened in the place of the studio.
  useLayoutEffect(() => {
    let depth = 0;
    const enter = (event: DragEvent) => {
      if (!carriesFiles(event.dataTransfer)) return;
      depth += 1;
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (!carriesFiles(event.dataTransfer)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    };
    const over = (event: DragEvent) => {
      if (!carriesFiles(event.dataTransfer)) return;
      event.preventDefault();
      if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
    };
    const drop = (event: DragEvent) => {
      depth = 0;
      setOver(false);
      if (!carriesFiles(event.dataTransfer) || event.defaultPrevented) return;
      // Without this the browser would leave the studio for the file.
      event.preventDefault();
      void filesOf(event.dataTransfer!).then((files) => take.current(files));
    };
    const paste = (event: ClipboardEvent) => {
      const files = event.clipboardData?.files.length ?? 0;
      if (files === 0 || event.defaultPrevented) return;
      event.preventDefault();
      void filesOf(event.clipboardData!).then((found) => take.current(found));
    };
    window.addEventListener("dragenter", enter);
    window.addEventListener("dragleave", leave);
    window.addEventListener("dragover", over);
    window.addEventListener("drop", drop);
    window.addEventListener("paste", paste);
    return () => {
      window.removeEventListener("dragenter", enter);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("dragover", over);
      window.removeEventListener("drop", drop);
      window.removeEventListener("paste", paste);
    };
  }, []);
  return isOver;
}
