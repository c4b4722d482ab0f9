// Removes a repository's images from the cluster's nodes.
import { isOf, listImages, referencesTo, removeImages, removing } from "../scripts/images";
import { setting } from "../scripts/process";
import { minikube, profileConfig } from "./profile";

void removing("on the cluster's nodes", repository => {
    const profile = setting("CLUSTER_NAME");
    const ask = (...args: string[]): string => minikube(profile, args, `minikube doesn't remove them from the cluster ${profile}.`);
    const { KubernetesConfig, Nodes = [] } = profileConfig(profile) ?? {};
    if (KubernetesConfig?.ContainerRuntime !== "containerd") {
        const images = ask("image", "ls", "--profile", profile).split("\n").filter(isOf(repository));
        if (images.length > 0) ask("image", "rm", ...images, "--profile", profile);
        return;
    }
    // With containerd, `minikube image rm` removes all names of the image, also those that others use.
    for (const { Name } of Nodes) {
        const ctr = (args: string[]): string => ask("ssh", "--profile", profile, ...(Name ? ["--node", Name] : []), "--", "sudo", "ctr", ...args);
        const found = referencesTo(repository, ctr(listImages));
        if (found.length > 0) ctr([...removeImages, ...found]);
    }
});
