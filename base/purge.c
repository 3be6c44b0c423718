#include "base/purge.h"

#include "base/domain.h"
#include "base/text.h"

static const char *const words[PURGE_COUNT] = {
    [PURGE_ADDRESS] = "address",
    [PURGE_DOMAIN] = "domain",
    [PURGE_ALL] = "all",
};

const char *purge_word(enum purge_what what)
{
    return words[what];
}

static int parse_address(struct bytes text, struct purge *purge, struct error *error)
{
    enum address_fault fault = address_parse(text, &purge->address);

    return fault == ADDRESS_OK ? 0 : error_set(error, "%s", address_fault_text(fault));
}

/* A pattern of the configuration is no domain here. */
static int parse_domain(struct bytes text, struct purge *purge, struct error *error)
{
    struct domain domain;

    if (memchr(text.data, '\0', text.size) != NULL || !text_is_utf8(text) || !domain_parse(text, 2, &domain)) {
        return error_set(error, "the domain is not a valid host name of two labels or more");
    }
    memcpy(purge->domain, domain.text, domain.size + 1);
    return 0;
}

int purge_parse(enum purge_what what, struct bytes text, struct purge *purge, struct error *error)
{
    *purge = (struct purge){.what = what};
    switch (what) {
    case PURGE_ADDRESS:
        return parse_address(text, purge, error);
    case PURGE_DOMAIN:
        return parse_domain(text, purge, error);
    case PURGE_ALL:
        return 0;
    case PURGE_COUNT:
        break;
    }
    return error_set(error, "neither an address, a domain nor all");
}

int purge_parse_any(const char *text, struct purge *purge, struct error *error)
{
    bool is_all = strcmp(text, words[PURGE_ALL]) == 0;
    enum purge_what what = is_all ? PURGE_ALL : strchr(text, '@') != NULL ? PURGE_ADDRESS : PURGE_DOMAIN;

    return purge_parse(what, bytes_of_string(text), purge, error);
}

const char *purge_text(const struct purge *purge)
{
    return purge->what == PURGE_ADDRESS ? purge->address.text : purge->what == PURGE_DOMAIN ? purge->domain : "true";
}
