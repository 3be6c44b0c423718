#include "tests/scenario/stage.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "gateway/dropping.h"
#include "gateway/following.h"
#include "gateway/inquiry.h"
#include "gateway/steps.h"
#include "base/metrics.h"
#include "gateway/lookup.h"
#include "tests/scenario/played.h"
#include "tests/people/pki.h"

#define SETTINGS_MAX    32
#define DIRECTORIES_MAX 8
#define MADE_MAX        128
#define ANSWERS_MAX     16384
#define KEPT_MAX        256
#define TEXT_BYTES      256

static struct authority root, issuing, hidden, stranger;

static struct setting {
    char name[TEXT_BYTES], value[TEXT_BYTES];
} settings[SETTINGS_MAX];
static unsigned setting_count;

static struct {
    char name[TEXT_BYTES], domains[TEXT_BYTES];
} directories[DIRECTORIES_MAX];
static unsigned directory_count;
static bool with_redis;
static size_t alone; /* lookup_parts.alone of gateways that start */
static unsigned hedge_after; /* likewise */

static struct made {
    char address[TEXT_BYTES], kind[32];
    struct der der;
    X509 *certificate;
} made[MADE_MAX];
static unsigned made_count;

static struct gateway {
    struct engine *engine;
    struct memory *memory;
    struct shared *shared;
    struct pool *pool;
    struct evidence_store *evidence;
    struct following *following;
    struct lookup *lookup;
    struct world *worlds[16]; /* every one is kept to the end of the story: directories borrow from them */
    unsigned world_count;
} gateways[STAGE_GATEWAYS];

static uint64_t counted_before[COUNT_COUNT], stale_before;
static struct served answers[ANSWERS_MAX];
/* The last of them once more, with references of their own: what somebody would hold who keeps ready-made replies. */
static struct kept {
    struct answer *answer;
    unsigned which; /* gateway */
} kept[KEPT_MAX];
static unsigned kept_last;
static unsigned answer_first, answer_last;

static void write_pem(const char *path, X509 *certificate)
{
    FILE *file = fopen(path, "w");
    must(file != NULL && PEM_write_X509(file, certificate) == 1 && fclose(file) == 0, path);
}

static void write_key(const char *path, char digit)
{
    FILE *file = fopen(path, "w");
    must(file != NULL && fchmod(fileno(file), 0600) == 0, path);
    for (size_t i = 0; i < 64; i++) {
        fputc(digit, file);
    }
    must(fclose(file) == 0, path);
}

static void write_crl(const char *path, const char *mode, const struct authority *issuer,
                      const struct revoked_serial *revoked, size_t count)
{
    FILE *file = fopen(path, mode);
    X509_CRL *crl = crl_issue(issuer, revoked, count, 10);
    must(file != NULL && PEM_write_X509_CRL(file, crl) == 1 && fclose(file) == 0, path);
    X509_CRL_free(crl);
}

static void write_crls(const struct revoked_serial *revoked, size_t count)
{
    write_crl("root-crl.pem", "w", &root, revoked, count);
    write_crl("crls.pem", "w", &root, revoked, count);
    write_crl("crls.pem", "a", &issuing, revoked, count);
}

void stage_open(const char *folder)
{
    must(chdir(folder) == 0, folder);
    const struct certificate_spec ca = {
        .from_days = -400,
        .until_days = 4000,
        .extensions = {{"basicConstraints", "critical,CA:TRUE"}, {"keyUsage", "critical,keyCertSign,cRLSign"}},
    };
    struct certificate_spec spec = ca;
    spec.common_name = "Story Root";
    authority_new(&root, "root", KEY_P256, spec);
    spec.common_name = "Strange Root";
    authority_new(&stranger, "stranger", KEY_P256, spec);
    spec.common_name = "Story Issuing CA";
    spec.issuer = &root;
    authority_new(&issuing, "issuing", KEY_P256, spec);
    spec.common_name = "Story Hidden CA";
    authority_new(&hidden, "hidden", KEY_P256, spec);
    write_key("seal.key", '1');
    write_key("seal2.key", '2');
    write_pem("root.pem", root.certificate);
    write_pem("issuing.pem", issuing.certificate);
}

void stage_close(void)
{
    authority_free(&root);
    authority_free(&issuing);
    authority_free(&stranger);
    authority_free(&hidden);
}

static struct certificate_spec spec_of(const char *kind)
{
    struct certificate_spec spec = {
        .issuer = &issuing,
        .now = clock_wall_s(), /* the story's: the true one may be a second on by now */
        .from_days = -30,
        .until_days = 365,
        .extensions = {{"keyUsage", "critical,keyAgreement"}, {"extendedKeyUsage", "emailProtection"}},
    };
    if (strcmp(kind, "expired") == 0) {
        spec.from_days = -60, spec.until_days = -1;
    } else if (strcmp(kind, "short") == 0) {
        spec.until_days = 1;
    } else if (strcmp(kind, "good2") == 0) {
        spec.from_days = -10;
    } else if (strcmp(kind, "untrusted") == 0) {
        spec.issuer = &stranger;
    } else if (strcmp(kind, "signing") == 0) {
        spec.extensions[0].value = "critical,digitalSignature";
    } else if (strcmp(kind, "listed") == 0) {
        spec.extensions[2] = (struct extension_spec){"crlDistributionPoints", "URI:" STAGE_CRL_URL};
    } else if (strcmp(kind, "elsewhere") == 0) {
        spec.extensions[2] = (struct extension_spec){"crlDistributionPoints", "URI:" STAGE_OTHER_CRL_URL};
    } else if (strcmp(kind, "hidden") == 0) {
        spec.issuer = &hidden;
    } else if (strcmp(kind, "led") == 0) {
        spec.issuer = &hidden;
        spec.extensions[2] = (struct extension_spec){"authorityInfoAccess", "caIssuers;URI:" STAGE_ISSUER_URL};
    } else if (strcmp(kind, "domain") == 0) {
        spec.hosts = "";
    } else {
        must(strcmp(kind, "good") == 0 || strcmp(kind, "revoked") == 0, kind);
    }
    return spec;
}

static struct made *make(const char *address, const char *kind)
{
    for (unsigned i = 0; i < made_count; i++) {
        if (strcmp(made[i].address, address) == 0 && strcmp(made[i].kind, kind) == 0) {
            return &made[i];
        }
    }
    must(made_count < MADE_MAX, "too many certificates in one story");
    struct made *one = &made[made_count++];
    snprintf(one->address, sizeof(one->address), "%s", address);
    snprintf(one->kind, sizeof(one->kind), "%s", kind);
    if (strcmp(kind, "garbage") == 0) {
        one->der = der_copy("\x30\x82\x01garbage", 10);
        return one;
    }
    struct certificate_spec spec = spec_of(kind);
    const char *addresses[] = {address};
    spec.common_name = address;
    spec.addresses = addresses;
    spec.address_count = 1;
    char host[TEXT_BYTES];
    if (spec.hosts != NULL) {
        snprintf(host, sizeof(host), "DNS:%s", strchr(address, '@') + 1);
        spec.hosts = host;
        spec.address_count = 0;
    }
    spec.key = key_new(KEY_P256);
    one->certificate = certificate_issue(&spec);
    one->der = certificate_der(one->certificate);
    EVP_PKEY_free(spec.key);
    return one;
}

struct bytes stage_value(const char *address, const char *kind)
{
    const struct made *one = make(address, kind);
    return bytes_of(one->der.data, one->der.size);
}

void stage_revoke(const char *address)
{
    struct revoked_serial revoked[MADE_MAX];
    size_t count = 0;
    const struct made *good = make(address, "good");
    for (unsigned i = 0; i < made_count; i++) {
        if (strcmp(made[i].kind, "revoked") == 0 || &made[i] == good) {
            revoked[count++] = (struct revoked_serial){&issuing, X509_get_serialNumber(made[i].certificate), 1};
        }
    }
    write_crls(revoked, count);
}

/* In the issuing authority's name and the played time; each has a higher number than the one before. */
static struct der make_crl(EVP_PKEY *key, unsigned days, const struct revoked_serial *revoked, size_t count)
{
    static uint64_t numbers = UINT32_MAX;
    X509_CRL *crl = crl_issue(&issuing, revoked, count, 1);
    ASN1_TIME *from = ASN1_TIME_set(NULL, clock_wall_s() - 60);
    ASN1_TIME *until = ASN1_TIME_set(NULL, clock_wall_s() + (int64_t)days * 86400);
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    must(ASN1_INTEGER_set_uint64(number, ++numbers) == 1 &&
             X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, X509V3_ADD_REPLACE) == 1 &&
             X509_CRL_set1_lastUpdate(crl, from) == 1 && X509_CRL_set1_nextUpdate(crl, until) == 1 &&
             X509_CRL_sign(crl, key, EVP_sha256()) > 0,
         "a CRL of the story");
    unsigned char *data = NULL;
    int size = i2d_X509_CRL(crl, &data);
    must(size > 0, "a CRL of the story");
    struct der der = der_copy(data, (size_t)size);
    OPENSSL_free(data);
    ASN1_INTEGER_free(number);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    X509_CRL_free(crl);
    return der;
}

void stage_publish(const char *url, unsigned days, char *const *addresses)
{
    struct revoked_serial revoked[MADE_MAX];
    size_t count = 0;
    for (; addresses[count] != NULL; count++) {
        const struct made *listed = make(addresses[count], "listed");
        revoked[count] = (struct revoked_serial){&issuing, X509_get_serialNumber(listed->certificate), 1};
    }
    struct der crl = make_crl(issuing.key, days, revoked, count);
    played_web_put(url, bytes_of(crl.data, crl.size));
    free(crl.data);
}

void stage_publish_forged(const char *url, unsigned days)
{
    struct der crl = make_crl(stranger.key, days, NULL, 0);
    played_web_put(url, bytes_of(crl.data, crl.size));
    free(crl.data);
}

void stage_enter(const char *directory, const char *dn, unsigned days)
{
    struct der crl = make_crl(issuing.key, days, NULL, 0);
    played_directory_issuer(directory, dn, bytes_of(crl.data, crl.size));
    free(crl.data);
}

void stage_publish_issuer(const char *url)
{
    struct der der = certificate_der(hidden.certificate);
    played_web_put(url, bytes_of(der.data, der.size));
    free(der.data);
}

void stage_enter_issuer(const char *directory, const char *dn)
{
    struct der der = certificate_der(hidden.certificate);
    played_directory_issuer(directory, dn, bytes_of(der.data, der.size));
    free(der.data);
}

void stage_forge(void)
{
    const struct gateway *gateway = &gateways[0];
    struct der crl = make_crl(stranger.key, 10, NULL, 0);
    played_redis_seal_evidence(gateway->worlds[gateway->world_count - 1]->ring, bytes_of(crl.data, crl.size));
    free(crl.data);
}

bool stage_is_ready(unsigned which)
{
    return lookup_why_not_ready(gateways[which].lookup) == NULL;
}

void stage_set(const char *setting, const char *value)
{
    struct setting *place = NULL;
    for (unsigned i = 0; i < setting_count; i++) {
        place = strcmp(settings[i].name, setting) == 0 ? &settings[i] : place;
    }
    must(place != NULL || setting_count < SETTINGS_MAX, "too many settings");
    place = place != NULL ? place : &settings[setting_count++];
    snprintf(place->name, sizeof(place->name), "%s", setting);
    snprintf(place->value, sizeof(place->value), "%s", value);
}

void stage_directory(const char *name, const char *domains)
{
    must(directory_count < DIRECTORIES_MAX, "too many directories");
    snprintf(directories[directory_count].name, TEXT_BYTES, "%s", name);
    snprintf(directories[directory_count++].domains, TEXT_BYTES, "%s", domains);
}

void stage_engine_judges(void)
{
    alone = LOOKUP_ALONE;
}

void stage_engine_hedges(unsigned after)
{
    hedge_after = after;
}

void stage_redis(void)
{
    with_redis = true;
}

static void write_group(FILE *file, const char *group)
{
    size_t size = strlen(group);
    fprintf(file, "%s = {\n", group);
    for (unsigned i = 0; i < setting_count; i++) {
        if (strncmp(settings[i].name, group, size) == 0 && settings[i].name[size] == '.') {
            fprintf(file, "  %s = %s;\n", settings[i].name + size + 1, settings[i].value);
        }
    }
    fputs("};\n", file);
}

/* SET directories.NAME is for all of them. */
static void write_directory_settings(FILE *file)
{
    static const char GROUP[] = "directories.";
    for (unsigned i = 0; i < setting_count; i++) {
        if (strncmp(settings[i].name, GROUP, sizeof(GROUP) - 1) == 0) {
            fprintf(file, "%s = %s; ", settings[i].name + sizeof(GROUP) - 1, settings[i].value);
        }
    }
}

static void write_config(void)
{
    FILE *file = fopen("gateway.conf", "w");
    must(file != NULL, "gateway.conf");
    fputs("listen = [ \"127.0.0.1:0\" ];\ndirectories = (", file);
    for (unsigned i = 0; i < directory_count; i++) {
        fprintf(file,
                "%s { name = \"%s\"; uri = [ \"ldap://127.0.0.1:1\" ]; tls = \"none\"; base = \"dc=example\"; domains "
                "= [ %s ]; ",
                i > 0 ? "," : "", directories[i].name, directories[i].domains);
        write_directory_settings(file);
        fputs("}", file);
    }
    fputs(" );\n", file);
    const char *const groups[] = {"trust", "fetch", "cache", "lookup", "limits"};
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        write_group(file, groups[i]);
    }
    if (with_redis) {
        write_group(file, "redis");
    }
    must(fclose(file) == 0, "gateway.conf");
}

static void print_fault(void *context, const char *line)
{
    (void)context;
    printf("# %s\n", line);
}

static struct world *load_world(struct gateway *gateway)
{
    write_config();
    struct world *before = gateway->world_count > 0 ? gateway->worlds[gateway->world_count - 1] : NULL;
    struct world *world = world_load("gateway.conf", before, print_fault, NULL);
    if (world != NULL) {
        must(gateway->world_count < 16, "too many reloads");
        gateway->worlds[gateway->world_count++] = world;
    }
    return world;
}

void stage_start(unsigned which)
{
    struct gateway *gateway = &gateways[which];
    struct world *world = load_world(gateway);
    must(world != NULL, "the story's configuration");
    gateway->engine = engine_new();
    gateway->memory = memory_new((size_t)world->config->cache.memory_bytes);
    gateway->pool = pool_new("played", 1, 1);
    gateway->shared = with_redis ? shared_open(NULL, &world->config->redis, NULL) : NULL;
    const struct evidence_parts sources = {gateway->engine, gateway->memory, gateway->shared, gateway->pool,
                                           gateway->pool};
    gateway->evidence = evidence_store_new(&sources, world);
    gateway->following = following_new(gateway->engine);
    const struct lookup_parts parts = {gateway->engine, gateway->memory,   gateway->shared,   gateway->pool,
                                       gateway->pool,   gateway->evidence, gateway->following, alone,
                                       hedge_after};
    gateway->lookup = lookup_new(&parts, world);
}

bool stage_reload(unsigned which)
{
    struct world *world = load_world(&gateways[which]);
    if (world != NULL) {
        lookup_adopt(gateways[which].lookup, world);
    }
    return world != NULL;
}

void stage_drain(unsigned which)
{
    lookup_drain(gateways[which].lookup);
    lookup_end_flights(gateways[which].lookup);
}

static void on_ready(struct waiter *waiter, struct served served);

struct asker {
    struct waiter waiter; /* stands first */
    unsigned which;
};

static struct waiter *asker_new(unsigned which)
{
    struct asker *asker = calloc(1, sizeof(*asker));
    must(asker != NULL, "out of memory");
    asker->waiter.ready = on_ready;
    asker->which = which;
    return &asker->waiter;
}

static void on_ready(struct waiter *waiter, struct served served)
{
    must(answer_last < ANSWERS_MAX, "too many answers in one story");
    struct kept *place = &kept[kept_last++ % KEPT_MAX];
    answer_free(&place->answer);
    *place = (struct kept){answer_ref(served.answer), ((struct asker *)waiter)->which};
    answers[answer_last++] = served;
    free(waiter);
}

/* Of all that this gateway ever said of the address, whoever kept it may serve again what memory gives out as fresh, and
 * nothing else. */
static void check_kept(unsigned which, const struct address *address, const struct answer *now)
{
    for (size_t i = 0; i < KEPT_MAX; i++) {
        struct answer *answer = kept[i].which == which ? kept[i].answer : NULL;
        if (answer != NULL && bytes_equal(bytes_of(answer->address.text, answer->address.size), address_bytes(address))) {
            must(lookup_may_serve(gateways[which].lookup, answer) == (answer == now), "an answer that was kept");
        }
    }
}

static bool threads_ask;

void stage_let_threads_ask(bool ask)
{
    threads_ask = ask;
}

static void let_ask(struct gateway *gateway, bool ask)
{
    if (ask && gateway->shared != NULL) {
        inquiry_use(gateway->lookup, gateway->shared, coherence_epoch(gateway->lookup->coherence));
    } else {
        inquiry_use(NULL, NULL, 0);
    }
}

/* As the HTTP side does: memory at once, or wait. */
void stage_ask(unsigned which, const char *text)
{
    struct address address;
    must(address_parse(bytes_of_string(text), &address) == ADDRESS_OK, text);
    struct waiter *waiter = asker_new(which);
    struct served served = lookup_get(gateways[which].lookup, &address);
    check_kept(which, &address, served.stale ? NULL : served.answer); /* marked, it is another response */
    if (served.answer != NULL) {
        on_ready(waiter, served);
    } else {
        let_ask(&gateways[which], threads_ask);
        lookup_start(gateways[which].lookup, &address, waiter);
        let_ask(&gateways[which], false);
    }
}

void stage_explain(unsigned which, const char *text)
{
    struct address address;
    must(address_parse(bytes_of_string(text), &address) == ADDRESS_OK, text);
    lookup_explain(gateways[which].lookup, &address, asker_new(which));
}

void stage_cut(unsigned which, bool cut)
{
    played_redis_cut(gateways[which].shared, cut);
}

int64_t stage_fresh_until(unsigned which, const char *address)
{
    struct answer *answer = memory_get(gateways[which].memory, bytes_of_string(address));
    int64_t until = answer != NULL ? answer->fresh_until : 0;
    answer_free(&answer);
    return until;
}

void stage_drop(unsigned which, const char *what)
{
    struct drop drop;
    struct error error;
    must(drop_parse_any(what, &drop, &error) == 0, what);
    lookup_drop(gateways[which].lookup, &drop, NULL);
}

struct lookup *stage_lookup(unsigned which)
{
    return gateways[which].lookup;
}

void stage_renew(unsigned which, const char *text)
{
    struct address address;
    must(address_parse(bytes_of_string(text), &address) == ADDRESS_OK, text);
    lookup_renew(gateways[which].lookup, &address);
}

unsigned stage_counted(unsigned counter)
{
    return (unsigned)(count_read((enum counter)counter) - counted_before[counter]);
}

unsigned stage_counted_stale(void)
{
    return (unsigned)(count_lookups_read(BY_STALE) - stale_before);
}

struct served stage_next_answer(void)
{
    return answer_first < answer_last ? answers[answer_first++] : (struct served){0};
}

void stage_end(void)
{
    played_pools(false, false);
    for (unsigned i = 0; i < STAGE_GATEWAYS; i++) {
        struct gateway *gateway = &gateways[i];
        if (gateway->lookup != NULL) {
            lookup_end_flights(gateway->lookup);
            played_settle();
            must(lookup_idle(gateway->lookup), "a flight is left over");
            evidence_store_end(gateway->evidence);
            played_settle();
            must(evidence_store_idle(gateway->evidence), "the store is not idle");
            shared_close(&gateway->shared);
            lookup_free(&gateway->lookup);
            evidence_store_free(&gateway->evidence);
            memory_free(&gateway->memory);
            pool_free(&gateway->pool);
            engine_free(&gateway->engine);
        }
        while (gateway->world_count > 0) {
            world_free(&gateway->worlds[--gateway->world_count]);
        }
        following_free(&gateway->following);
    }
    for (struct served left; (left = stage_next_answer()).answer != NULL;) {
        answer_free(&left.answer);
    }
    stage_forget_named();
    for (size_t i = 0; i < KEPT_MAX; i++) {
        answer_free(&kept[i].answer);
    }
    while (made_count > 0) {
        free(made[--made_count].der.data);
        X509_free(made[made_count].certificate);
        made[made_count].certificate = NULL;
    }
}

void stage_reset(void)
{
    answer_first = answer_last = 0;
    setting_count = directory_count = 0;
    with_redis = false;
    alone = 0;
    hedge_after = 0;
    stage_set("trust.anchors", "[ \"root.pem\" ]");
    stage_set("trust.intermediates", "[ \"issuing.pem\" ]");
    stage_set("trust.crls", "[ \"crls.pem\" ]");
    stage_set("trust.revocation", "\"require\"");
    stage_set("cache.ttr", "\"0\""); /* a story in which time passes says itself what happens meanwhile */
    stage_set("cache.revalidate", "\"0\"");
    stage_set("redis.uri", "\"redis://127.0.0.1:1\"");
    write_crls(NULL, 0);
    stale_before = count_lookups_read(BY_STALE);
    for (unsigned i = 0; i < COUNT_COUNT; i++) {
        counted_before[i] = count_read((enum counter)i);
    }
    played_clock_start();
    played_pools(false, false);
    played_directory_reset();
    played_web_reset();
    played_redis_reset();
}
