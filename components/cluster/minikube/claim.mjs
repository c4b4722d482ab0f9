// Makes sure that the profile is free, or the stack's own.
import { main, setting } from "../scripts/process.mjs";
import { refuseForeign } from "./profile.mjs";

main(() => refuseForeign(setting("CLUSTER_NAME"), setting("CLUSTER_OWNER")));
