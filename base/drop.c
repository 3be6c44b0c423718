#include "base/drop.h"

#include "base/domain.h"
#include "base/text.h"

static const char *const words[DROP_WHATS] = {
    [DROP_ADDRESS] = "address",
    [DROP_DOMAIN] = "domain",
    [DROP_ALL] = "all",
};

const char *drop_word(enum drop_what what)
{
    return words[what];
}

static int parse_address(struct bytes text, struct drop *drop, struct error *error)
{
    enum address_fault fault = address_parse(text, &drop->address);

    return fault == ADDRESS_OK ? 0 : error_set(error, "%s", address_fault_text(fault));
}

/* A pattern of the configuration is no domain here. */
static int parse_domain(struct bytes text, struct drop *drop, struct error *error)
{
    struct domain domain;

    if (!text_is_utf8_string(text) || !domain_parse(text, 2, &domain)) {
        return error_set(error, "the domain is not a valid host name of two labels or more");
    }
    memcpy(drop->domain, domain.text, domain.size + 1);
    return 0;
}

int drop_parse(enum drop_what what, struct bytes text, struct drop *drop, struct error *error)
{
    *drop = (struct drop){.what = what};
    switch (what) {
    case DROP_ADDRESS:
        return parse_address(text, drop, error);
    case DROP_DOMAIN:
        return parse_domain(text, drop, error);
    case DROP_ALL:
        break;
    }
    return 0;
}

int drop_parse_any(const char *text, struct drop *drop, struct error *error)
{
    bool is_all = strcmp(text, words[DROP_ALL]) == 0;
    enum drop_what what = is_all ? DROP_ALL : strchr(text, '@') != NULL ? DROP_ADDRESS : DROP_DOMAIN;

    return drop_parse(what, bytes_of_string(text), drop, error);
}

const char *drop_text(const struct drop *drop)
{
    return drop->what == DROP_ADDRESS ? drop->address.text : drop->what == DROP_DOMAIN ? drop->domain : "true";
}
