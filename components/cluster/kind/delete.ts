// Deletes the stack's cluster; what is gone already, or belongs to someone else, is left alone.
import { main, setting } from "../scripts/process";
import { deleteOwnCluster } from "./nodes";

void main(() => deleteOwnCluster(setting("CLUSTER_NAME"), setting("CLUSTER_OWNER")));
