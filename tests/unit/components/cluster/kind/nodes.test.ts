import { expect, test } from "vitest";
import { inotifyHint } from "../../../../../components/cluster/kind/nodes";

test.each<[NodeJS.Platform, RegExp]>([
    ["linux", /^\nLinux allows .*\n {2}sudo sysctl fs\.inotify\.max_user_watches=524288\n {2}sudo sysctl fs\.inotify\.max_user_instances=512$/],
    ["darwin", /^\nDocker Desktop's Linux .* Restart Docker Desktop, or update it/],
    ["win32", /^\nDocker Desktop's Linux .* Restart Docker Desktop, or update it/],
])("says where the limit of open files is raised on %s", (platform, message) => {
    expect(inotifyHint(platform)).toMatch(message);
});
