// Makes sure that the profile is free, or the stack's own.
import { main, setting } from "../scripts/process";
import { refuseForeign } from "./profile";

void main(() => refuseForeign(setting("CLUSTER_NAME"), setting("CLUSTER_OWNER")));
