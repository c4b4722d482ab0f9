// Deletes the stack's cluster; what is gone already, or belongs to someone else, is left alone.
import { main, setting } from "../scripts/process.mjs";
import { deleteOwnCluster } from "./nodes.mjs";

main(() => deleteOwnCluster(setting("CLUSTER_NAME"), setting("CLUSTER_OWNER")));
