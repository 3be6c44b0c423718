#include "gateway/journal.h"

#include <stdio.h>
#include <stdlib.h>

struct line {
    enum drop_what what;
    int64_t at;
    int64_t mono_ms;
    char *text; /* address or domain; NULL for all */
};

struct journal {
    int64_t forgotten_at;
    int64_t forgotten_mono_ms;
    size_t max, first, count;
    struct line lines[];
};

struct journal *journal_new(size_t max)
{
    struct journal *journal = calloc(1, sizeof(*journal) + max * sizeof(journal->lines[0]));
    if (journal != NULL) {
        journal->max = max;
        journal->forgotten_mono_ms = INT64_MIN;
    }
    return journal;
}

static struct line *line_at(struct journal *journal, size_t i)
{
    return &journal->lines[(journal->first + i) % journal->max];
}

static void forget_told(struct journal *journal, int64_t at, int64_t mono_ms)
{
    journal_forget(journal, at);
    journal->forgotten_mono_ms = mono_ms > journal->forgotten_mono_ms ? mono_ms : journal->forgotten_mono_ms;
}

static void push_out(struct journal *journal)
{
    struct line *line = line_at(journal, 0);
    forget_told(journal, line->at, line->mono_ms);
    free(line->text);
    line->text = NULL;
    journal->first = (journal->first + 1) % journal->max;
    journal->count--;
}

void journal_free(struct journal **journal)
{
    if (*journal == NULL) {
        return;
    }
    while ((*journal)->count > 0) {
        push_out(*journal);
    }
    free(*journal);
    *journal = NULL;
}

void journal_add(struct journal *journal, const struct drop *drop, int64_t at, int64_t mono_ms)
{
    const char *text = drop->what == DROP_ADDRESS ? drop->address.text : drop->domain;
    struct line line = {.what = drop->what, .at = at, .mono_ms = mono_ms};
    if (drop->what != DROP_ALL && (line.text = strdup(text)) == NULL) {
        forget_told(journal, at, mono_ms);
        return;
    }
    if (journal->count == journal->max) {
        push_out(journal);
    }
    *line_at(journal, journal->count++) = line;
}

void journal_forget(struct journal *journal, int64_t at)
{
    journal->forgotten_at = at > journal->forgotten_at ? at : journal->forgotten_at;
}

int64_t journal_forgotten_at(const struct journal *journal)
{
    return journal->forgotten_at;
}

int64_t journal_forgotten_mono_ms(const struct journal *journal)
{
    return journal->forgotten_mono_ms;
}

void journal_claim(struct journal *journal, int64_t at, int64_t now_mono_ms)
{
    for (size_t i = 0; i < journal->count; i++) {
        struct line *line = line_at(journal, i);
        line->mono_ms = line->at >= at ? now_mono_ms : line->mono_ms;
    }
}

void journal_repeat(const struct journal *journal, int64_t mono_ms,
                    void (*say)(void *context, const struct drop *drop, int64_t at, int64_t mono_ms), void *context)
{
    for (size_t i = 0; i < journal->count; i++) {
        const struct line *line = &journal->lines[(journal->first + i) % journal->max];
        struct drop drop = {.what = line->what};
        if (line->mono_ms < mono_ms) {
            continue;
        }
        if (line->what == DROP_DOMAIN) {
            snprintf(drop.domain, sizeof(drop.domain), "%s", line->text);
        }
        if (line->what != DROP_ADDRESS || address_parse(bytes_of_string(line->text), &drop.address) == ADDRESS_OK) {
            say(context, &drop, line->at, line->mono_ms);
        }
    }
}
