#include "gateway/config_private.h"

bool config_fetches_evidence(const struct config *config)
{
    bool fetches = config->fetch.crls || config->fetch.ocsp;

    for (size_t i = 0; i < config->directory_count; i++) {
        fetches = fetches || config->directories[i].issuers;
    }
    return fetches;
}

void reader_check_fetch(struct reader *reader)
{
    struct fetch_config *fetch = &reader->config->fetch;

    fetch->networks = reader_networks(reader, "fetch.networks", fetch->network_texts, fetch->network_count,
                                      network_parse);
    reader->config->trust.ocsp = fetch->ocsp;
    for (size_t i = 0; i < reader->config->trust_rule_count; i++) {
        reader->config->trust_rules[i].policy.ocsp = fetch->ocsp;
    }
    if (fetch->issuers && fetch->host_count == 0) {
        reader_fault(reader, "fetch.issuers", "needs fetch.allow: the hosts that issuers may come from");
    }
    if (*fetch->ca_file != '\0') {
        reader_check_readable(reader, "fetch.ca-file", fetch->ca_file);
    }
}
