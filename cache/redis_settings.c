#include "cache/redis_private.h"

int endpoint_configure(const struct shared_config *config, struct endpoint *endpoint, struct error *error)
{
    if (config->timeout_ms < 1) {
        return error_set(error, "timeout: must be longer than nothing");
    }
    if (config->max_queued < 1) {
        return error_set(error, "queue: must have room for a command");
    }
    if (endpoint_parse(config->uri, endpoint, error) != 0) {
        return -1;
    }
    if (endpoint->tls && !tls_is_built()) {
        endpoint_free(endpoint);
        return error_set(error, "uri: rediss:// needs hiredis_ssl (hiredis 1.0 or newer), which this certlookup was "
                                "built without");
    }
    return 0;
}

int shared_config_check(const struct shared_config *config, struct error *error)
{
    struct endpoint endpoint;

    if (endpoint_configure(config, &endpoint, error) != 0) {
        return -1;
    }
    endpoint_free(&endpoint);
    return 0;
}
