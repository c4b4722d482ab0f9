// Deletes the stack's cluster; what is gone already, or belongs to someone else, is left alone.
import { readRecord } from "../scripts/home.mjs";
import { main, setting } from "../scripts/process.mjs";
import { deleteProfile, forget, profileExists } from "./profile.mjs";

main(() => {
    const profile = setting("CLUSTER_NAME");
    if (readRecord(profile)?.owner !== setting("CLUSTER_OWNER")) return;
    if (profileExists(profile)) deleteProfile(profile);
    forget(profile);
});
