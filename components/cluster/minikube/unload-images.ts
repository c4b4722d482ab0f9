// Removes images from the cluster's nodes.
import { main, setting } from "../scripts/process";
import { minikube } from "./profile";

void main(() => {
    const profile = setting("CLUSTER_NAME");
    const problem = `The images could not be removed from the cluster ${profile}.`;
    const found = minikube(profile, ["image", "ls", "--profile", profile], problem).split("\n");
    const images = (JSON.parse(setting("IMAGES")) as string[]).filter(image => found.includes(image));
    if (images.length > 0) minikube(profile, ["image", "rm", ...images, "--profile", profile], problem);
});
