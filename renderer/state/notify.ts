import type { StudioEvent } from "../../core/contract/index.ts";
import { createWorkWatch } from "../../core/work-watch/work-watch.ts";

const KEY = "plume.notifies";

/** The browser's notifications, or what stands for them in a test. */
export interface Notices {
  readonly permission: NotificationPermission;
  requestPermission(): Promise<NotificationPermission>;
  show(title: string, body: string): void;
}

/**
 * Word of work that ended while nobody looked, for windows that are a browser's: the desktop shell has its own. Off until the user asks
 * for it, because the browser then asks back.
 */
export class WorkNotices {
  private readonly notices: Notices | null;
  private readonly storage: Pick<Storage, "getItem" | "setItem">;
  private readonly watch: (event: StudioEvent) => void;

  /** @param notices null: there are none here, or the shell has its own @param isWatched whether the user looks at the window */
  constructor(notices: Notices | null, storage: Pick<Storage, "getItem" | "setItem">, isWatched: () => boolean) {
    this.notices = notices;
    this.storage = storage;
    this.watch = createWorkWatch((title, body) => {
      if (this.isOn && !isWatched()) notices?.show(title, body);
    });
  }

  /** Null: there is nothing to switch. */
  get state(): "on" | "off" | "denied" | null {
    if (this.notices === null) return null;
    if (this.notices.permission === "denied") return "denied";
    return this.isOn ? "on" : "off";
  }

  private get isOn(): boolean {
    return this.notices?.permission === "granted" && this.storage.getItem(KEY) === "yes";
  }

  readonly hear = (event: StudioEvent): void => this.watch(event);

  /** Switches them; the browser asks its user the first time. Call it in answer to a press. */
  async toggle(): Promise<void> {
    if (this.isOn) return this.storage.setItem(KEY, "no");
    this.storage.setItem(KEY, "yes");
    if (this.notices?.permission === "default") await this.notices.requestPermission();
  }
}

/** The page's own notifications; none where the desktop shell tells, or the browser has none. */
export function pageNotices(): Notices | null {
  if (window.studio !== undefined || typeof Notification === "undefined") return null;
  return {
    get permission() {
      return Notification.permission;
    },
    requestPermission: () => Notification.requestPermission(),
    show(title, body) {
      // One tag: a later word takes the place of an earlier one.
      const notice = new Notification(title, { body, tag: "plume-work" });
      notice.addEventListener("click", () => window.focus());
    },
  };
}
