/** Why nothing of a lane can be changed. */
export const LOCKED = "This is being made: stop it, or wait for its keyframes, to change it.";
