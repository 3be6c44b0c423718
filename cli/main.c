/*
 * certlookup: which certificate may I encrypt to, for this mail address?
 *
 *   options        the command line
 *   ask_directory  search, judge, decide, as the gateway does, but here
 *   ask_gateway    or ask one that has done so
 *   contents       or ask nobody, and show what a file holds
 *   inspect        or look into files
 *   purge          or have a gateway drop what it keeps
 *   show           what came back
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/addresses.h"
#include "cli/ask_directory.h"
#include "cli/ask_gateway.h"
#include "cli/contents.h"
#include "cli/inspect.h"
#include "cli/purge.h"
#include "cli/show.h"

struct session {
    const struct options *options;
    struct directory_asker *directory; /* where one is asked */
    struct assessor *assessor;         /* where files are looked into */
    struct shown shown;
    bool told_plain;
    bool output_failed;
};

static void tell_plain(struct session *session)
{
    if (!session->told_plain) {
        complain("note: without a token for it this gateway does not explain; refused values are not shown");
        session->told_plain = true;
    }
}

static int ask(struct session *session, const struct address *address, struct reply *reply, struct error *error)
{
    bool plain = false;

    if (session->directory != NULL) {
        return directory_ask(session->directory, address, reply, error);
    }
    int result = gateway_ask(session->options, address, reply, &plain, error);
    if (result == 0 && plain) {
        tell_plain(session);
    }
    return result;
}

static int status_of(const struct reply *reply)
{
    static const int statuses[] = {
        [OUTCOME_FOUND] = STATUS_FOUND, [OUTCOME_NONE] = STATUS_NONE, [OUTCOME_UNKNOWN] = STATUS_UNKNOWN};

    return reply->answer != NULL ? statuses[reply->answer->outcome] : STATUS_FOUND;
}

/* `asked` is what a complaint is about: the address, or nothing. */
static int answer(struct session *session, const struct address *address, const char *asked)
{
    int status = STATUS_UNKNOWN;
    struct reply reply;
    struct error error;
    int result;

    reply_init(&reply);
    result = session->assessor != NULL ? inspect_files(session->options, session->assessor, address, &reply, &error)
                                       : ask(session, address, &reply, &error);
    if (result != 0) {
        complain("%s%s%s", asked, asked[0] != '\0' ? ": " : "", error.text);
    } else if (show_reply(&session->shown, &reply) != 0) {
        session->output_failed = true;
        status = STATUS_IO;
    } else {
        status = status_of(&reply);
    }
    reply_clear(&reply);
    return status;
}

static int look_up(void *context, const struct address *address)
{
    return answer(context, address, address->text);
}

/* What files hold, for the address if one was given. */
static int inspect(struct session *session)
{
    struct address address;
    bool any = session->options->address_count > 0;

    if (any && address_parse(bytes_of_string(session->options->addresses[0]), &address) != ADDRESS_OK) {
        return STATUS_USAGE;
    }
    return answer(session, any ? &address : NULL, "");
}

/* -1: what the options name cannot be loaded. */
static int begin(struct session *session)
{
    const struct options *options = session->options;
    struct error error;

    if (options->whom == WHOM_DIRECTORY) {
        session->directory = directory_asker_open(options, &error);
    } else if (options->whom == WHOM_FILES) {
        session->assessor = assessor_open(options, &error);
    }
    if (options->whom != WHOM_GATEWAY && session->directory == NULL && session->assessor == NULL) {
        complain("%s", error.text);
        return -1;
    }
    return 0;
}

static int run(const struct options *options)
{
    struct session session = {.options = options};
    int status;

    show_init(&session.shown, options);
    if (begin(&session) != 0) {
        return STATUS_USAGE;
    }
    status = options->inspect ? inspect(&session) : addresses_each(options, look_up, &session);
    directory_asker_close(&session.directory);
    assessor_close(&session.assessor);
    if (!session.output_failed && show_end() != 0) {
        status = STATUS_IO;
    }
    return status;
}

static int look_into(const struct options *options)
{
    int status = contents_show(options);

    return status != STATUS_IO && show_end() != 0 ? STATUS_IO : status;
}

static int purge(const struct options *options)
{
    int status = gateway_purge(options);

    return status != STATUS_IO && show_end() != 0 ? STATUS_IO : status;
}

static int write_help(void)
{
    struct buffer help;

    buffer_init(&help, 16 * 1024);
    options_write_help(&help);
    fputs(buffer_string(&help), stdout);
    buffer_free(&help);
    return show_end() == 0 ? STATUS_FOUND : STATUS_IO;
}

int main(int argc, char **argv)
{
    struct options options;
    struct error error;
    int status = STATUS_USAGE;

    signal(SIGPIPE, SIG_IGN);
    if (options_read(argc, argv, &options, &error) != 0) {
        complain("%s (certlookup --help says more)", error.text);
    } else if (options.help) {
        status = write_help();
    } else if (options.version) {
        puts("certlookup " VERSION);
        status = show_end() == 0 ? STATUS_FOUND : STATUS_IO;
    } else if (log_open(options.verbose ? LEVEL_DEBUG : LEVEL_ERROR, LOG_FORMAT_TEXT),
               options_check(&options, &error) != 0) {
        complain("%s", error.text);
    } else if (options.anchors_only) {
        status = look_into(&options);
    } else if (options.purges) {
        status = purge(&options);
    } else {
        status = run(&options);
    }
    options_free(&options);
    return status;
}
