/** The resource id of a DNS zone: subscription, resource group and zone. */
export const dnsZonePattern = new RegExp(
    "^/subscriptions/([0-9a-f-]{36})/resourceGroups/([\\w.()-]{1,90})"
    + "/providers/Microsoft\\.Network/dnsZones/([\\w-]+(?:\\.[\\w-]+)+)$",
);
