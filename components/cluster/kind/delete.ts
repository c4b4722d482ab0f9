// Deletes the stack's cluster. If it is gone already, or belongs to someone else, nothing happens.
import { main, setting } from "../scripts/process";
import { deleteOwnCluster } from "./nodes";

void main(() => deleteOwnCluster(setting("CLUSTER_NAME"), setting("CLUSTER_OWNER")));
