/*
 * Makes all that makepeople is asked for, in the current folder.
 */
#ifndef PEOPLE_WORKS_H
#define PEOPLE_WORKS_H

#include <stdio.h>
#include <sys/types.h>

/* The folders that works_make() writes into; they are there before it is called. */
extern const char *const works_folders[];
extern const size_t works_folder_count;

struct kind;

/* Everyone in the table of kinds, and `scale` people of the kind `alike`. */
void works_make(size_t scale, const struct kind *alike);

/* Files that must open, and that must have been written to the end. */
FILE *file_open(const char *path, mode_t mode);
void file_close(FILE *file, const char *path);

#endif
