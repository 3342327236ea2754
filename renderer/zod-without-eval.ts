import { config } from "zod";

// Zod tries whether it may compile code at run time; our content security policy forbids that and would report every attempt.
// This module must be imported before any schema is made.
config({ jitless: true });
