// Removes a repository's images from the cluster's nodes.
import { isOf, removing } from "../scripts/images";
import { setting } from "../scripts/process";
import { minikube } from "./profile";

void removing("on the cluster's nodes", repository => {
    const profile = setting("CLUSTER_NAME");
    const problem = `minikube doesn't remove them from the cluster ${profile}.`;
    const images = minikube(profile, ["image", "ls", "--profile", profile], problem).split("\n").filter(isOf(repository));
    if (images.length > 0) minikube(profile, ["image", "rm", ...images, "--profile", profile], problem);
});
