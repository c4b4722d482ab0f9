// Deletes the stack's cluster; what belongs to someone else is left alone. Also deletes what an interrupted run left.
import { readRecord } from "../scripts/home";
import { main, setting } from "../scripts/process";
import { deleteProfile, forget } from "./profile";

void main(() => {
    const profile = setting("CLUSTER_NAME");
    if (readRecord(profile)?.owner !== setting("CLUSTER_OWNER")) return;
    deleteProfile(profile);
    forget(profile);
});
