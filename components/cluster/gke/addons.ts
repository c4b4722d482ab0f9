/** What every cluster has: the drivers of both storage classes, and what makes load balancers. */
export const addons = {
    gcePersistentDiskCsiDriverConfig: { enabled: true },
    gcpFilestoreCsiDriverConfig: { enabled: true },
    httpLoadBalancing: { disabled: false },
    horizontalPodAutoscaling: { disabled: false },
};
