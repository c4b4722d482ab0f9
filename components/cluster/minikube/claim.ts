// Fails if the profile belongs to someone else.
import { main, setting } from "../scripts/process";
import { refuseForeign } from "./profile";

void main(() => refuseForeign(setting("CLUSTER_NAME"), setting("CLUSTER_OWNER")));
