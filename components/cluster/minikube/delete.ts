// Deletes the stack's cluster, or what an interrupted run left of it. A profile that belongs to someone else stays.
import { readRecord } from "../scripts/home";
import { main, setting } from "../scripts/process";
import { deleteProfile, forget } from "./profile";

void main(() => {
    const profile = setting("CLUSTER_NAME");
    if (readRecord(profile)?.owner !== setting("CLUSTER_OWNER")) return;
    deleteProfile(profile);
    forget(profile);
});
