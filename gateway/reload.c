#include "gateway/reload.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/metrics.h"

struct reload {
    struct engine *engine;
    struct pool *background;
    struct lookup *lookup;
    const char *path;
    bool log_fixed;
    void (*adopted)(void *context, const struct config *config);
    void *context;

    struct config *started; /* what the process was started with; NULL: its file has gone since */
    bool files_only, quietly; /* the load under way */
    bool under_way;
    bool again;
    bool ended;
    struct work load;
    struct task loaded;
    struct world *before;
    struct world *next; /* NULL: the configuration has a fault */
};

void reload_log_fault(void *context, const char *line)
{
    (void)context;
    log_event(LEVEL_ERROR, "configuration", LOG_TEXT("fault", line));
}

/* The world that was just loaded from the same file has told of every fault. */
static void ignore_fault(void *context, const char *line)
{
    (void)context, (void)line;
}

static void on_background(struct work *work)
{
    struct reload *reload = (struct reload *)((char *)work - offsetof(struct reload, load));
    void (*fault)(void *context, const char *line) = reload->quietly ? ignore_fault : reload_log_fault;
    reload->next = reload->files_only ? world_renew(reload->before, fault, NULL)
                                      : world_load(reload->path, reload->before, fault, NULL);
    engine_post(reload->engine, &reload->loaded);
}

static void adopt(struct reload *reload)
{
    const struct config *config = reload->next->config;
    bool asks = reload->started != NULL && !reload->files_only;
    const char *fixed = asks ? config_needs_restart(reload->started, config) : NULL;
    if (fixed != NULL) {
        log_event(LEVEL_WARNING, "a change needs a restart and is not taken over", LOG_TEXT("setting", fixed));
    }
    log_open(config->log_level, reload->log_fixed ? log_current_format() : config->log_format);
    log_addresses_plainly(config->log_addresses == LOG_ADDRESSES_PLAIN);
    lookup_adopt(reload->lookup, reload->next);
    if (!reload->files_only) {
        reload->adopted(reload->context, config);
    }
    count(COUNT_RELOADS);
    log_event(LEVEL_NOTICE, reload->files_only ? "trust files reloaded" : "configuration reloaded",
              LOG_NUMBER("generation", (int64_t)reload->next->generation),
              LOG_NUMBER("directories", (int64_t)reload->next->directory_count),
              LOG_NUMBER("anchors", (int64_t)policies_anchor_count(reload->next->policies)),
              LOG_NUMBER("crls", (int64_t)policies_crl_count(reload->next->policies)));
    world_retire(&reload->next, reload->background);
}

static void complain(const struct reload *reload)
{
    if (reload->quietly) {
        return;
    }
    count(COUNT_RELOADS_FAILED);
    if (reload->files_only) {
        log_event(LEVEL_ERROR, "trust files not reloaded, those before stay");
    } else {
        log_event(LEVEL_ERROR, "configuration not reloaded, the one before stays", LOG_TEXT("file", reload->path));
    }
}

static void on_loaded(struct task *task)
{
    struct reload *reload = (struct reload *)((char *)task - offsetof(struct reload, loaded));
    if (reload->next != NULL) {
        adopt(reload);
    } else {
        complain(reload);
    }
    world_retire(&reload->before, reload->background);
    reload->under_way = false;
    if (reload->again) {
        reload->again = false;
        reload_start(reload);
    }
}

struct reload *reload_new(struct engine *engine, struct pool *background, struct lookup *lookup, const char *path,
                          bool log_fixed, void (*adopted)(void *context, const struct config *config), void *context)
{
    struct reload *reload = calloc(1, sizeof(*reload));
    if (reload != NULL) {
        *reload = (struct reload){
            .started = config_load(path, ignore_fault, NULL),
            .engine = engine,
            .background = background,
            .lookup = lookup,
            .path = path,
            .log_fixed = log_fixed,
            .adopted = adopted,
            .context = context,
            .load = {.run = on_background},
            .loaded = {.run = on_loaded},
        };
    }
    if (reload != NULL && reload->started != NULL) {
        http_rules_free(&reload->started->http); /* it is only compared with */
    }
    return reload;
}

void reload_end(struct reload *reload)
{
    reload->ended = true;
    reload->again = false;
}

void reload_free(struct reload **reload)
{
    if (*reload == NULL) {
        return;
    }
    config_free(&(*reload)->started);
    free(*reload);
    *reload = NULL;
}

bool reload_is_under_way(const struct reload *reload)
{
    return reload->under_way;
}

static void load(struct reload *reload, bool files_only, bool quietly)
{
    reload->files_only = files_only;
    reload->quietly = quietly;
    reload->before = world_ref(lookup_world(reload->lookup));
    reload->under_way = pool_submit(reload->background, &reload->load);
    if (!reload->under_way) {
        count(COUNT_RELOADS_FAILED);
        log_event(LEVEL_ERROR, "configuration not reloaded: too much is waiting already");
        world_retire(&reload->before, reload->background);
    }
}

void reload_start(struct reload *reload)
{
    if (reload->ended) {
        return;
    }
    if (reload->under_way) {
        reload->again = true;
        return;
    }
    load(reload, false, false);
}

void reload_files(struct reload *reload, bool quietly)
{
    if (!reload->ended && !reload->under_way) {
        load(reload, true, quietly);
    }
}
