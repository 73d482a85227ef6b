/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The queue of background jobs, in Redis. Every step is one Lua script, so it
 * happens whole or not at all, whoever is killed in the middle.
 *
 * A job is a hash, and its number is a member of exactly one of three sorted
 * sets:
 *
 *     queued    score: when it may run, so a delayed job is one of the future
 *     running   score: when its worker's lease ends
 *     failed    score: when it failed for good
 *
 * A worker that takes a job holds it by a lease, which it renews while it
 * works. A lease that has run out means that its worker is dead or stopped;
 * whoever asks for a job next puts that one back first. So no job is lost with
 * a worker. A worker that was only stopped finds out when it asks
 * sf_queue_keep(), which it does before each step of its work, and leaves the
 * job to its new holder: what names the holder is drawn anew each time that a
 * job is taken, and nothing but the holder can renew, finish or fail it. So no
 * job runs twice at once.
 *
 * A worker's death does not count as a failure of the job. A failure does: the
 * job is tried again after a pause, and a longer one, and is then kept as
 * failed, with its error, until it is requeued. Times are by Redis' clock.
 *
 * Each function may return SF_ERR_UNAVAILABLE: Redis cannot be used now. The
 * log says why, once; the next call tries again by itself.
 */
#ifndef SF_QUEUE_H
#define SF_QUEUE_H

#include "base/config.h"
#include "jobs/job.h"

/* Numbers that are compiled into the scripts too. */
#define SF_QUEUE_LEASE_MS 10000
#define SF_QUEUE_FAILURES_MAX 3  /* the last one is for good */
#define SF_QUEUE_PAUSE_MS 10000  /* after the first; then three times longer */
#define SF_QUEUE_FAILED_MAX 1000 /* kept; the oldest go first */

struct sf_queue;

/*
 * A handle, which holds at most one job; it connects when it is first used.
 * config has the address of a Redis. The caller frees the handle.
 */
struct sf_queue *sf_queue_new(const struct sf_config *config);

/* NULL is accepted. A job in hand stays with this holder until its lease ends.
 */
void sf_queue_free(struct sf_queue *queue);

/* This worker's name. */
const char *sf_queue_worker(const struct sf_queue *queue);

/*
 * Queues a job of that kind. SF_ERR_CONFLICT: nothing was done, there is one
 * that is waiting, delayed or running.
 */
enum sf_err sf_queue_add(
	struct sf_queue *queue, const char *kind) SF_MUST_CHECK;

/*
 * Takes the next job in hand; out has its id and kind. It is a sign of life of
 * this worker too. SF_ERR_NOT_FOUND: there is nothing to do.
 */
enum sf_err sf_queue_take(
	struct sf_queue *queue, struct sf_job *out) SF_MUST_CHECK;

/*
 * Renews the lease of the job in hand, when it is time to: it may be called
 * often. While Redis cannot be used the job is kept as long as the lease lasts.
 * SF_ERR_CONFLICT: it is not this holder's any more, and must be left alone.
 */
enum sf_err sf_queue_keep(struct sf_queue *queue) SF_MUST_CHECK;

/* Lay the job in hand down, as done or as failed. SF_ERR_CONFLICT as above. */
enum sf_err sf_queue_finish(struct sf_queue *queue) SF_MUST_CHECK;
enum sf_err sf_queue_fail(
	struct sf_queue *queue, const char *error) SF_MUST_CHECK;

/* Takes this worker off the list of workers. */
enum sf_err sf_queue_leave(struct sf_queue *queue) SF_MUST_CHECK;

/*
 * Queues the failed job of that id anew, or with "all" each of them; count is
 * how many.
 */
enum sf_err sf_queue_requeue(
	struct sf_queue *queue, const char *id, int64_t *count) SF_MUST_CHECK;

/* The caller releases out; after an error there is nothing to release. */
enum sf_err sf_queue_list(
	struct sf_queue *queue, struct sf_job_listing *out) SF_MUST_CHECK;

#endif
