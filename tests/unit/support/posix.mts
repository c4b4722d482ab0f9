/** The unit tests that only run where POSIX programs are, with the reason. On Windows they are skipped, and setup.ts says so. */
export const posixOnly: readonly { files: RegExp; reason: string }[] = [
    { files: /^components\/cluster\/baremetal\/(machine|tasks)/, reason: "they run with bash what Linux machines run" },
    { files: /^components\/cluster\/baremetal\/operator\/(bundle|command|silence|ssh-keys|ssh|status)\.test/, reason: "they need ssh-agent, openssl, tar or a stand-in for ssh in bash" },
    { files: /^components\/cluster\/(kind|minikube)\//, reason: "docker, kind and minikube are stand-ins in scripts with #!" },
    { files: /^components\/cluster\/(aks|eks|gke|cloud)\/access\.test/, reason: "the clouds' programs are stand-ins in sh" },
    { files: /^components\/(platform\/storage|workload\/(push-image|docker-host))\.test/, reason: "they run sh, or a stand-in for docker in it" },
    { files: /^infra\/images\//, reason: "they run the images' scripts with bash" },
    { files: /^infra\/offline\//, reason: "closed networks are supported on Linux and macOS only" },
    { files: /^infra\/library\/pack\.test/, reason: "it unpacks with tar and runs npm by its shell script" },
    { files: /^infra\/cli\/promote\/(gateway|images)\.test/, reason: "they need openssl or tar" },
    { files: /^e2e\//, reason: "the end-to-end suite runs on Linux" },
    { files: /^infra\/cli\/(admin|site|logs|bootstrap|shell|status|site\/services|status\/log-stream|engine\/engine)\.test/, reason: "they send POSIX signals, start stand-ins with #!, or run in sh and tar what a pod would" },
];

/** Why a test file, relative to tests/unit, is skipped on this system; undefined if it isn't. */
export function skipped(file: string, platform: NodeJS.Platform = process.platform): string | undefined {
    return platform === "win32" ? posixOnly.find(({ files }) => files.test(file.replaceAll("\\", "/")))?.reason : undefined;
}
