/** Names of the channels between preload and main process. A file of its own: the preload script carries nothing else. */
export const bridgeChannels = {
  call: "studio:call",
  listen: "studio:listen",
  event: "studio:event",
  importFile: "studio:import",
  listenShell: "shell:listen",
  wish: "shell:wish",
  menus: "shell:menus",
  drag: "shell:drag",
} as const;
