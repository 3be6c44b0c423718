/*
 * Whether memory stays bounded: the whole way of a lookup, over and over for ever new addresses, in front of a
 * directory that is played in this process (played.h). Each is found, with one of 1000 certificates of
 * 550 to 1000 bytes that an authority issued, and is put into the memory cache, which is soon full.
 *
 *   soak LOOKUPS MEMORY_MIB LIMIT_MIB
 *
 * Prints what the process takes as it goes; ends with status 1 when it grows by more than LIMIT_MIB from before the
 * first lookup. That is resident memory; under a sanitizer, whose own memory would hide ours, what is allocated.
 */
#include <inttypes.h>
#include <malloc.h>
#include <openssl/pem.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "gateway/following.h"
#include "gateway/lookup.h"
#include "gateway/trimming.h"
#include "tests/people/pki.h"
#include "tests/soak/played.h"

#define VALUES 1000
#define AT_ONCE 256
#define SAMPLES 20
#define MIB (1024.0 * 1024)

/* Of the sanitizers' runtime. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static struct {
    struct engine *engine;
    struct memory *memory;
    struct pool *validators, *background;
    struct evidence_store *evidence;
    struct following *following;
    struct trimming trimming;
    struct lookup *lookup;
} gateway;

static struct {
    uint64_t wanted, started, ended, wrong;
    int64_t start_ms;
    double before, most;
} soak;

static struct waiter askers[AT_ONCE];

static double taken_mib(void)
{
    unsigned long pages = 0;

    if (__sanitizer_get_current_allocated_bytes != NULL) {
        return (double)__sanitizer_get_current_allocated_bytes() / MIB;
    }
    FILE *statm = fopen("/proc/self/statm", "r");
    must(statm != NULL && fscanf(statm, "%*u %lu", &pages) == 1, "/proc/self/statm");
    fclose(statm);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / MIB;
}

static void sample(void)
{
    double grown = taken_mib() - soak.before;
    double seconds = (double)(clock_mono_ms() - soak.start_ms) / 1000;

    soak.most = grown > soak.most ? grown : soak.most;
    printf("%10" PRIu64 " lookups  %6.1f s  grown by %7.1f MiB  %7zu cached, counted as %7.1f MiB, "
           "allocated %7.1f MiB\n", soak.ended, seconds, grown, memory_entries(gateway.memory), (double)memory_bytes(gateway.memory) / MIB,
           (double)(mallinfo2().uordblks + mallinfo2().hblkhd) / MIB);
    fflush(stdout);
}

static void start_next(struct waiter *asker)
{
    struct address address;
    char text[64];

    if (soak.started == soak.wanted) {
        return;
    }
    snprintf(text, sizeof(text), "firstname.lastname%" PRIu64 "@example.org", soak.started++);
    must(address_parse(bytes_of_string(text), &address) == ADDRESS_OK, text);
    lookup_start(gateway.lookup, &address, asker);
}

/* On the engine's thread. */
static void ready(struct waiter *waiter, struct served served)
{
    soak.wrong += served.answer->outcome != OUTCOME_FOUND;
    answer_free(&served.answer);
    soak.ended++;
    if (soak.ended % (soak.wanted / SAMPLES + 1) == 0) {
        sample();
    }
    if (soak.ended == soak.wanted) {
        engine_stop(gateway.engine);
    }
    start_next(waiter);
}

static void begin(struct task *task)
{
    (void)task;
    for (size_t i = 0; i < AT_ONCE; i++) {
        askers[i].ready = ready;
        start_next(&askers[i]);
    }
}

/* The pool of certificates, and the file of their root. */
static void make_values(const char *anchors, struct der *ders, struct bytes *values)
{
    struct authority root;
    struct certificate_spec spec = {
        .common_name = "Root CA", .from_days = -10, .until_days = 3650,
        .extensions = {{"basicConstraints", "critical,CA:TRUE"}, {"keyUsage", "critical,keyCertSign,cRLSign"}},
    };
    FILE *file = fopen(anchors, "w");

    authority_new(&root, "root-ca", KEY_RSA_2048, spec);
    must(file != NULL && PEM_write_X509(file, root.certificate) == 1 && fclose(file) == 0, anchors);
    struct certificate_spec person = {
        .issuer = &root, .common_name = "Firstname Lastname", .until_days = 365,
        .extensions = {{"keyUsage", "critical,keyEncipherment"}, {"extendedKeyUsage", "emailProtection"}},
    };
    EVP_PKEY *keys[] = {key_new(KEY_RSA_2048), key_new(KEY_RSA_2048), key_new(KEY_RSA_3072), key_new(KEY_P256)};
    for (size_t i = 0; i < VALUES; i++) {
        person.key = keys[i % 4];
        person.extensions[0].value = i % 4 == 3 ? "critical,keyAgreement" : "critical,keyEncipherment";
        X509 *certificate = certificate_issue(&person);
        ders[i] = certificate_der(certificate);
        values[i] = bytes_of(ders[i].data, ders[i].size);
        X509_free(certificate);
    }
    for (size_t i = 0; i < 4; i++) {
        EVP_PKEY_free(keys[i]);
    }
    authority_free(&root);
}

static void write_config(const char *path, const char *anchors, unsigned memory_mib)
{
    FILE *file = fopen(path, "w");

    must(file != NULL && fprintf(file,
        "listen = [ \"127.0.0.1:0\" ];\n"
        "directories = ( { name = \"corp\"; uri = [ \"ldap://played\" ]; base = \"dc=example,dc=org\";\n"
        "                  domains = [ \"*\" ]; tls = \"none\"; queue = 4096; } );\n"
        "trust = { anchors = [ \"%s\" ]; revocation = \"off\"; addressless = \"directory\"; };\n"
        "cache = { memory = \"%uM\"; };\n", anchors, memory_mib) > 0 && fclose(file) == 0, path);
}

static void fault(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "soak: %s\n", line);
}

static void gateway_open(struct world *world)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    gateway.engine = engine_new();
    gateway.memory = memory_new((size_t)world->config->cache.memory_bytes);
    gateway.validators = pool_new("validator", cores > 0 ? (size_t)cores : 1, 4096);
    gateway.background = pool_new("background", 1, 64);
    must(gateway.engine != NULL && gateway.memory != NULL && gateway.validators != NULL && gateway.background != NULL,
         "cannot start");
    const struct evidence_parts sources = {
        .engine = gateway.engine, .memory = gateway.memory, .validators = gateway.validators,
        .background = gateway.background,
    };
    gateway.evidence = evidence_store_new(&sources, world);
    gateway.following = following_new(gateway.engine);
    const struct lookup_parts parts = {
        .engine = gateway.engine, .memory = gateway.memory, .validators = gateway.validators,
        .background = gateway.background, .evidence = gateway.evidence, .following = gateway.following,
    };
    must(gateway.evidence != NULL && gateway.following != NULL, "cannot start");
    gateway.lookup = lookup_new(&parts, world);
    must(gateway.lookup != NULL, "cannot start");
}

static void gateway_close(void)
{
    trimming_end(&gateway.trimming);
    lookup_drain(gateway.lookup);
    while (!lookup_idle(gateway.lookup)) {
        engine_run_posted(gateway.engine);
    }
    evidence_store_end(gateway.evidence);
    pool_free(&gateway.validators);
    engine_run_posted(gateway.engine);
    pool_free(&gateway.background);
    lookup_free(&gateway.lookup);
    evidence_store_free(&gateway.evidence);
    memory_free(&gateway.memory);
    engine_free(&gateway.engine);
}

static struct world *load(const char *folder, unsigned memory_mib, struct der *ders, struct bytes *values)
{
    char anchors[128], config[128];

    snprintf(anchors, sizeof(anchors), "%s/root.pem", folder);
    snprintf(config, sizeof(config), "%s/certlookupd.conf", folder);
    make_values(anchors, ders, values);
    played_values(values, VALUES);
    write_config(config, anchors, memory_mib);
    struct world *world = world_load(config, NULL, fault, NULL);
    must(world != NULL, config);
    unlink(anchors);
    unlink(config);
    return world;
}

int main(int argc, char **argv)
{
    static struct der ders[VALUES];
    static struct bytes values[VALUES];
    char folder[] = "/tmp/soak.XXXXXX";
    struct task beginning = {.run = begin};

    if (argc != 4) {
        fprintf(stderr, "usage: soak LOOKUPS MEMORY_MIB LIMIT_MIB\n");
        return 64;
    }
    must(mkdtemp(folder) != NULL, folder);
    log_open(LEVEL_WARNING, LOG_FORMAT_TEXT);
    struct world *world = load(folder, (unsigned)atoi(argv[2]), ders, values);
    rmdir(folder);
    gateway_open(world);
    soak.wanted = strtoull(argv[1], NULL, 10);
    soak.before = taken_mib();
    soak.start_ms = clock_mono_ms();
    trimming_begin(&gateway.trimming, gateway.engine, gateway.background);
    engine_post(gateway.engine, &beginning);
    engine_run(gateway.engine);
    sample();
    gateway_close();
    world_free(&world);
    following_free(&gateway.following);
    for (size_t i = 0; i < VALUES; i++) {
        free(ders[i].data);
    }
    printf("certificates of %zu to %zu bytes; %" PRIu64 " of %" PRIu64 " lookups did not find one; grown by %.1f MiB "
           "at most, allowed: %s\n", values[3].size, values[2].size, soak.wrong, soak.ended, soak.most, argv[3]);
    return soak.wrong == 0 && soak.most <= atof(argv[3]) ? 0 : 1;
}
