#include "tests/people/person.h"

#define TEN_YEARS 3650

static const char key_usage[] = "critical,keyCertSign,cRLSign";

static struct certificate_spec authority_spec(const struct authority *issuer, const char *common_name)
{
    return (struct certificate_spec){
        .issuer = issuer,
        .common_name = common_name,
        .from_days = -TEN_YEARS / 2,
        .until_days = TEN_YEARS / 2,
        .extensions = {
            {"basicConstraints", issuer == NULL ? "critical,CA:TRUE" : "critical,CA:TRUE,pathlen:0"},
            {"keyUsage", key_usage},
        },
    };
}

void authorities_new(struct authorities *all)
{
    struct certificate_spec root = authority_spec(NULL, "Example Root CA");
    struct certificate_spec expired = authority_spec(&all->root, "Example Issuing CA of Yesteryear");
    struct certificate_spec web = authority_spec(&all->root, "Example Web Server CA");
    struct certificate_spec constrained = authority_spec(&all->root, "Example Partner CA");

    root.from_days = -TEN_YEARS;
    root.until_days = TEN_YEARS;
    expired.until_days = -90;
    web.extensions[2] = (struct extension_spec){"extendedKeyUsage", "serverAuth,clientAuth"};
    constrained.extensions[2] = (struct extension_spec){"nameConstraints", "critical,permitted;email:example.com"};

    authority_new(&all->root, "root", KEY_RSA_3072, root);
    authority_new(&all->issuing, "issuing-ca", KEY_RSA_2048, authority_spec(&all->root, "Example Issuing CA"));
    authority_new(&all->issuing_ec, "issuing-ca-ec", KEY_P256, authority_spec(&all->root, "Example Issuing CA EC"));
    authority_new(&all->project, "project-ca", KEY_P256, authority_spec(&all->root, "Example Project CA"));
    authority_new(&all->expired, "expired-ca", KEY_P256, expired);
    authority_new(&all->compromised, "compromised-ca", KEY_P256, authority_spec(&all->root, "Example Compromised CA"));
    authority_new(&all->web, "web-ca", KEY_P256, web);
    authority_new(&all->constrained, "partner-ca", KEY_P256, constrained);
    authority_new(&all->stranger, "stranger", KEY_P256, authority_spec(NULL, "Stranger Root CA"));
    authority_new(&all->tls, "tls-ca", KEY_P256, authority_spec(NULL, "Example TLS CA"));
}

void authorities_free(struct authorities *all)
{
    struct authority *each[] = {&all->root, &all->issuing, &all->issuing_ec, &all->project, &all->expired,
                                &all->compromised, &all->web, &all->constrained, &all->stranger, &all->tls};

    for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
        authority_free(each[i]);
    }
}
