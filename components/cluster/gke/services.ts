import { getProjectOutput } from "@pulumi/gcp/organizations";
import { Service, ServiceIdentity } from "@pulumi/gcp/projects";
import * as pulumi from "@pulumi/pulumi";
import { rendering } from "../lookup";

/** The services of Google Cloud that the cluster takes. They stay enabled, as others may have come to use them. */
const services = [
    "artifactregistry", "cloudkms", "cloudresourcemanager", "compute", "container", "containerscanning", "file", "iam",
    "logging", "monitoring",
];

/** Enables the services, which goes before everything else. */
export function enableServices(name: string, opts: pulumi.CustomResourceOptions): Service[] {
    return services.map(service => new Service(`${name}-service-${service}`, {
        service: `${service}.googleapis.com`, disableOnDestroy: false,
    }, opts));
}

/** Stands for the project's number where the program is only rendered. */
const renderedNumber = "000000000000";

/** The project's number, by which Google names its own service accounts there. */
export function projectNumber(
    project: string, services: Service[], opts: pulumi.InvokeOptions,
): pulumi.Output<string> {
    if (rendering()) return pulumi.output(renderedNumber);
    return getProjectOutput({ projectId: project }, { ...opts, dependsOn: services }).number;
}

/** Google's own service accounts that use our keys, of a project's number. */
export const serviceAgents = {
    container: (number: string) => `service-${number}@container-engine-robot.iam.gserviceaccount.com`,
    compute: (number: string) => `service-${number}@compute-system.iam.gserviceaccount.com`,
    file: (number: string) => `service-${number}@cloud-filer.iam.gserviceaccount.com`,
};

/** Has Google make those of them that it would make with the first cluster or file system, when it is too late. */
export function createServiceAgents(name: string, opts: pulumi.CustomResourceOptions): ServiceIdentity[] {
    return ["container", "file"].map(service =>
        new ServiceIdentity(`${name}-agent-${service}`, { service: `${service}.googleapis.com` }, opts));
}
