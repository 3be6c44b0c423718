#include "gateway/check.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "gateway/config.h"

static void print_fault(void *context, const char *line)
{
    *(bool *)context = true;
    fprintf(stderr, "%s\n", line);
}

static void print_anchor(void *context, const char *subject, int64_t not_after, const char *fingerprint)
{
    (void)context;
    char time[TEXT_TIME_BYTES];
    printf("anchor %s\n       %s %s  sha256 %s\n", subject, not_after < clock_wall_s() ? "EXPIRED" : "expires",
           text_time(not_after, time), fingerprint);
}

static void print_policies(const struct policies *policies)
{
    const struct policy *policy;
    const char *name;
    for (size_t i = 0; (policy = policies_get(policies, i, &name)) != NULL; i++) {
        if (name != NULL) {
            printf("trust-rules[%zu] %s\n", i - 1, name);
        }
        policy_each_anchor(policy, print_anchor, NULL);
    }
}

/* That is no fault: the gateway would start, and nobody but a client of TLS would miss anything. */
static void print_warnings(const struct config *config)
{
    struct error error;

    if (http_certificate_check(&config->http, &error) != 0) {
        fprintf(stderr, "%s: warning: %s\n", config->path, error.text);
    }
}

int check_configuration(const char *config_path)
{
    bool faulty = false;
    struct error error = {""};
    log_open(LEVEL_WARNING, LOG_FORMAT_TEXT);
    struct config *config = config_load(config_path, print_fault, &faulty);
    struct policies_config sources = config != NULL ? config_policies(config) : (struct policies_config){0};
    struct policies *policies = config != NULL ? policies_load(&sources, &error) : NULL;
    if (config != NULL && policies == NULL) {
        fprintf(stderr, "%s: %s\n", config_path, error.text);
    }
    int status = policies != NULL && !faulty ? 0 : 1;
    if (status == 0) {
        for (size_t i = 0; i < config->directory_count; i++) {
            printf("directory %s  %s\n", config->directories[i].name, config->directories[i].uris[0]);
        }
        print_policies(policies);
        print_warnings(config);
        printf("%s: the configuration is good\n", config_path);
    }
    policies_free(&policies);
    config_free(&config);
    return status;
}
