/*
 * makepeople: a throwaway PKI and a directory full of recipients of every kind.
 *
 *     makepeople [--scale N] [--rsa] [--force] FOLDER
 *
 * FOLDER then holds
 *     anchors/ intermediates/ crls/   what a gateway is to be told to trust
 *     others/                         authorities that it must not know
 *     tls/                            the directory's own certificate, key and CA
 *     keys/ADDRESS.pem                private keys of those who can be written to;
 *     keys/ADDRESS.2.pem              of their second certificate
 *     directory.ldif                  the directory, below dc=example,dc=org
 *     recipients.tsv                  address, kind, found|none
 *     kinds.tsv                       kind, found|none, reason, description
 *     made                            until when all this may be used
 *
 * Nothing is done while what is there is good for some days and newer than this
 * program. --scale adds N people who are all alike, without private keys: on a
 * curve or, with --rsa, with RSA keys of 2048 bits.
 */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/people/person.h"
#include "tests/people/works.h"

#define USE_DAYS 20
#define DAY_S (24 * 60 * 60)
#define SCALE_MAX 1000000

struct options {
    const char *folder;
    size_t scale;
    const struct kind *alike;
    bool force;
};

static void write_stamp(const struct options *options, long long until)
{
    FILE *file = file_open("made", 0644);

    fprintf(file, "until %lld\nscale %zu %s\n", until, options->scale, options->alike->name);
    file_close(file, "made");
}

/* Whether what stands in the current folder may be used: made to the end, by this very program, lately enough. */
static bool is_good(const struct options *options)
{
    struct stat program = {0}, stamp = {0};
    long long until = 0;
    size_t scale = 0;
    char alike[16] = "";
    FILE *file = fopen("made", "r");

    if (file == NULL) {
        return false;
    }
    int fields = fscanf(file, "until %lld scale %zu %15s", &until, &scale, alike);
    fclose(file);
    return fields == 3 && scale == options->scale && strcmp(alike, options->alike->name) == 0 &&
           until > (long long)time(NULL) && stat("made", &stamp) == 0 && stat("/proc/self/exe", &program) == 0 &&
           stamp.st_mtime >= program.st_mtime;
}

/* Somebody may have given us a folder by mistake: what we empty must be empty already, or be ours. */
static void check_ours(const char *name)
{
    DIR *folder = opendir(".");
    bool empty = true;

    must(folder != NULL, name);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        empty = empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                          strcmp(entry->d_name, "lock") == 0);
    }
    closedir(folder);
    must(empty || access("made", F_OK) == 0, "the folder is not empty, and what is in it was not made here");
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    return place->level == 0 || strcmp(path, "./lock") == 0 ? 0 : remove(path);
}

static void make(const struct options *options)
{
    must(nftw(".", remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0, "cannot empty the folder");
    write_stamp(options, 0);
    for (size_t i = 0; i < works_folder_count; i++) {
        must(mkdir(works_folders[i], 0755) == 0, works_folders[i]);
    }
    works_make(options->scale, options->alike);
    write_stamp(options, (long long)time(NULL) + USE_DAYS * DAY_S);
}

static void usage(void)
{
    fputs("usage: makepeople [--scale N] [--rsa] [--force] FOLDER\n", stderr);
    exit(64);
}

static struct options parse_options(int argc, char **argv)
{
    static const struct option known[] = {
        {"scale", required_argument, NULL, 's'}, {"rsa", no_argument, NULL, 'r'}, {"force", no_argument, NULL, 'f'},
        {NULL, 0, NULL, 0}};
    struct options options = {.alike = &kind_simple};
    char *end = NULL;

    for (int option = getopt_long(argc, argv, "", known, NULL); option != -1;
         option = getopt_long(argc, argv, "", known, NULL)) {
        if (option == 's') {
            options.scale = strtoul(optarg, &end, 10);
        } else if (option == 'r') {
            options.alike = &kind_simple_rsa;
        } else if (option == 'f') {
            options.force = true;
        } else {
            usage();
        }
    }
    if (optind + 1 != argc || (end != NULL && *end != '\0') || options.scale > SCALE_MAX) {
        usage();
    }
    options.folder = argv[optind];
    return options;
}

int main(int argc, char **argv)
{
    struct options options = parse_options(argc, argv);

    must(mkdir(options.folder, 0755) == 0 || access(options.folder, W_OK) == 0, options.folder);
    must(chdir(options.folder) == 0, options.folder);
    check_ours(options.folder);
    int lock = open("lock", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    must(lock >= 0 && flock(lock, LOCK_EX) == 0, "cannot lock the folder");
    if (options.force || !is_good(&options)) {
        make(&options);
    }
    close(lock);
    return 0;
}
