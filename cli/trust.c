#include "cli/trust.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/text.h"

/* How a value is read. */
enum kind { KIND_PATH, KIND_LIST, KIND_SWITCH, KIND_WORD, KIND_NUMBER };

#define AT(member_) offsetof(struct trust_options, member_)

static const struct setting {
    const char *name;
    enum kind kind;
    size_t at;
    const char *const *words; /* of KIND_WORD: which one it is goes into an int or, of two, into a bool */
    int64_t least, most;      /* of KIND_NUMBER */
} settings[] = {
    {"anchors", KIND_PATH, AT(anchors), NULL, 0, 0},
    {"intermediates", KIND_PATH, AT(intermediates), NULL, 0, 0},
    {"crls", KIND_PATH, AT(crls), NULL, 0, 0},
    {"revocation", KIND_WORD, AT(revocation), (const char *const[]){"off", "prefer", "require", NULL}, 0, 0},
    {"local-part-case", KIND_WORD, AT(exact_local_part), (const char *const[]){"ignore", "exact", NULL}, 0, 0},
    {"allow-sha1", KIND_SWITCH, AT(allow_sha1), NULL, 0, 0},
    {"min-rsa-bits", KIND_NUMBER, AT(min_rsa_bits), NULL, 1024, 8192},
    {"addressless", KIND_WORD, AT(addressless), (const char *const[]){"refuse", "directory", NULL}, 0, 0},
    {"aliases", KIND_WORD, AT(aliases), (const char *const[]){"refuse", "directory", NULL}, 0, 0},
    {"domain-certificates", KIND_SWITCH, AT(domain_certificates), NULL, 0, 0},
    {"policy-oids", KIND_LIST, AT(policy_oids), NULL, 0, 0},
    {"require-explicit-policy", KIND_SWITCH, AT(require_explicit_policy), NULL, 0, 0},
    {"inhibit-policy-mapping", KIND_SWITCH, AT(inhibit_policy_mapping), NULL, 0, 0},
    {"inhibit-any-policy", KIND_SWITCH, AT(inhibit_any_policy), NULL, 0, 0},
    {"curves", KIND_LIST, AT(curves), NULL, 0, 0},
    {"signature-hashes", KIND_LIST, AT(hashes), NULL, 0, 0},
    {"deny", KIND_LIST, AT(deny), NULL, 0, 0},
    {"allow", KIND_LIST, AT(allow), NULL, 0, 0},
};
#define SETTING_COUNT (sizeof(settings) / sizeof(settings[0]))

void trust_init(struct trust_options *trust)
{
    *trust = (struct trust_options){.revocation = REVOCATION_MODE_PREFER, .min_rsa_bits = 2048};
}

void trust_free(struct trust_options *trust)
{
    for (size_t i = 0; i < trust->text_count; i++) {
        free(trust->texts[i]);
    }
    trust->text_count = 0;
}

int trust_list_add(struct trust_list *list, const char *item, struct error *error)
{
    if (list->count == TRUST_LIST_MAX) {
        return error_set(error, "more than %d", TRUST_LIST_MAX);
    }
    if (item[0] == '\0') {
        return error_set(error, "is empty");
    }
    list->items[list->count++] = item;
    return 0;
}

static int set_list(struct trust_options *trust, struct trust_list *list, const char *value, struct error *error)
{
    if (trust->text_count == TRUST_LIST_MAX) {
        return error_set(error, "given more than %d times", TRUST_LIST_MAX);
    }
    char *rest = trust->texts[trust->text_count] = strdup(value);
    if (rest == NULL) {
        return error_set(error, "out of memory");
    }
    trust->text_count++;
    for (char *item; (item = strsep(&rest, ",")) != NULL;) {
        if (trust_list_add(list, item, error) != 0) {
            return -1;
        }
    }
    return 0;
}

static int set_switch(bool *on, const char *value, struct error *error)
{
    *on = strcmp(value, "true") == 0;
    return *on || strcmp(value, "false") == 0 ? 0 : error_set(error, "\"%.100s\" is neither true nor false", value);
}

static int set_word(const struct setting *setting, void *at, const char *value, struct error *error)
{
    int which = 0;

    while (setting->words[which] != NULL && strcmp(setting->words[which], value) != 0) {
        which++;
    }
    if (setting->words[which] == NULL) {
        return error_set(error, "\"%.100s\" is not %s%s%s or %s", value, which == 3 ? setting->words[0] : "",
                         which == 3 ? ", " : "", setting->words[which - 2], setting->words[which - 1]);
    }
    if (setting->at == AT(revocation)) {
        *(int *)at = which;
    } else {
        *(bool *)at = which == 1;
    }
    return 0;
}

static int set_number(const struct setting *setting, int64_t *at, const char *value, struct error *error)
{
    int64_t number;

    if (text_parse_number(value, &number, error) != 0) {
        return -1;
    }
    if (number < setting->least || number > setting->most) {
        return error_set(error, "must be from %lld to %lld", (long long)setting->least, (long long)setting->most);
    }
    *at = number;
    return 0;
}

static int set(struct trust_options *trust, const struct setting *setting, const char *value, struct error *error)
{
    void *at = (char *)trust + setting->at;

    switch (setting->kind) {
    case KIND_PATH: return trust_list_add(at, value, error);
    case KIND_LIST: return set_list(trust, at, value, error);
    case KIND_SWITCH: return set_switch(at, value, error);
    case KIND_WORD: return set_word(setting, at, value, error);
    case KIND_NUMBER: return set_number(setting, at, value, error);
    }
    return -1;
}

int trust_set(struct trust_options *trust, const char *text, struct error *error)
{
    size_t size = strcspn(text, "=");

    if (text[size] == '\0') {
        return error_set(error, "\"%.100s\" is not SETTING=VALUE", text);
    }
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (strlen(settings[i].name) == size && strncmp(settings[i].name, text, size) == 0) {
            return set(trust, &settings[i], text + size + 1, error) == 0 ? 0
                                                                          : error_prefix(error, "%s", settings[i].name);
        }
    }
    return error_set(error, "%.*s: no such setting of trust; certlookupd.conf(5) lists them",
                     (int)(size < 64 ? size : 64), text);
}

struct policy_config trust_policy(const struct trust_options *trust)
{
    return (struct policy_config){
        .anchors = trust->anchors.items,
        .anchor_count = trust->anchors.count,
        .intermediates = trust->intermediates.items,
        .intermediate_count = trust->intermediates.count,
        .crls = trust->crls.items,
        .crl_count = trust->crls.count,
        .revocation = (enum revocation_mode)trust->revocation,
        .exact_local_part = trust->exact_local_part,
        .allow_sha1 = trust->allow_sha1,
        .min_rsa_bits = trust->min_rsa_bits,
        .addressless = trust->addressless,
        .aliases = trust->aliases,
        .domain_certificates = trust->domain_certificates,
        .oids = trust->policy_oids.items,
        .oid_count = trust->policy_oids.count,
        .require_explicit_policy = trust->require_explicit_policy,
        .inhibit_policy_mapping = trust->inhibit_policy_mapping,
        .inhibit_any_policy = trust->inhibit_any_policy,
        .curves = trust->curves.items,
        .curve_count = trust->curves.count,
        .hashes = trust->hashes.items,
        .hash_count = trust->hashes.count,
        .deny = trust->deny.items,
        .deny_count = trust->deny.count,
        .allow = trust->allow.items,
        .allow_count = trust->allow.count,
    };
}

void trust_name_option(struct error *error)
{
    static const struct {
        const char *setting, *option;
    } names[] = {{"trust.anchors: ", "--anchor: "},
                 {"trust.intermediates: ", "--intermediate: "},
                 {"trust.crls: ", "--crl: "},
                 {"trust.", "--trust: "}};
    struct error fault = *error;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t size = strlen(names[i].setting);
        if (strncmp(fault.text, names[i].setting, size) == 0) {
            error_set(error, "%s%s", names[i].option, fault.text + size);
            return;
        }
    }
}
