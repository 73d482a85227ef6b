/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sweep over old chats. Each query finds due chats of one kind; each change
 * first checks that its chat is still due.
 */
#include "store/mongodb/store_mongodb.h"

/* sf_store_sweep() returns after this time: the job must check its lease. */
#define BATCH_US 1000000

/*
 * The due chats in parts, each of which an index serves. A single query for all
 * parts would scan every closed chat.
 */
enum part {
	PART_DRAFT, /* their lifetime is over */
	PART_READY,
	PART_CLOSED, /* past their grace */
	PART_EMPTY,  /* closed, with no message left */
	PART__MAX
};

static bson_t *match_part(
	const struct sf_store *store, int64_t now_ms, enum part part)
{
	static const enum sf_status statuses[PART__MAX] = {
		[PART_DRAFT] = SF_STATUS_DRAFT,
		[PART_READY] = SF_STATUS_READY,
		[PART_CLOSED] = SF_STATUS_CLOSED,
		[PART_EMPTY] = SF_STATUS_CLOSED,
	};
	const char *status = sf_status_name(statuses[part]);
	int64_t since_ms = now_ms - store->lifetime_ms;

	if (part == PART_EMPTY)
		return BCON_NEW(
			"status", BCON_UTF8(status), "messages", "[", "]");
	if (part == PART_CLOSED)
		since_ms -= SF_CHAT_GRACE_MS;
	return BCON_NEW("status", BCON_UTF8(status), "created", "{", "$lte",
		BCON_DATE_TIME(since_ms), "}");
}

/* Finds due chats, oldest first, after the ones that the sweep has passed. */
static enum sf_err find_due(const struct sf_store *store, int64_t now_ms,
	const struct sf_sweep *sweep, bson_t **out, size_t *count)
{
	bson_t *filter = match_part(store, now_ms, (enum part)sweep->part);
	bson_t *fields = sf_snapshot_outline();
	bson_t *order = BCON_NEW("created", BCON_INT32(1));
	struct sf_mongodb_query query = { filter, fields, order, sweep->passed,
		SF_STORE_SWEEP_MAX };
	enum sf_err err;

	sf_mongodb_start_deadline(store->mongodb);
	err = sf_mongodb_find(store->mongodb, &query, out, count);
	bson_destroy(order);
	bson_destroy(fields);
	bson_destroy(filter);
	return err;
}

/* Closes or removes the found chat, unless a request was quicker. */
static enum sf_err sweep_found(
	struct sf_snapshot *snapshot, struct sf_sweep *sweep)
{
	const struct sf_chat *chat = &snapshot->chat;
	bool open = chat->status != SF_STATUS_CLOSED;
	bool removable = sf_chat_is_removable(
		chat, snapshot->now_ms, snapshot->lifetime_ms);
	enum sf_err err = sf_snapshot_settle(snapshot);

	if (err)
		return err == SF_ERR_NOT_FOUND ? SF_OK : err;
	if (removable)
		sweep->removed++;
	else
		sweep->closed++;
	for (size_t i = 0; open && i < chat->user_count; i++)
		sweep->to_wake[sweep->to_wake_count++] = chat->users[i];
	return SF_OK;
}

/* Takes ownership of `found`. */
static enum sf_err sweep_one(struct sf_store *store, int64_t now_ms,
	bson_t *found, struct sf_sweep *sweep)
{
	struct sf_snapshot snapshot = sf_store_begin_snapshot(store, now_ms);
	enum sf_err err = SF_OK;

	if (sf_snapshot_take(&snapshot, found) == SF_OK)
		err = sweep_found(&snapshot, sweep);
	else
		sweep->unreadable++;
	sf_snapshot_release(&snapshot);
	return err;
}

/* Takes ownership of `found`'s documents. Stops early if the server is slow. */
static enum sf_err sweep_batch(struct sf_store *store, int64_t now_ms,
	bson_t **found, size_t count, struct sf_sweep *sweep)
{
	const int64_t end_us = bson_get_monotonic_time() + BATCH_US;
	const int64_t unreadable = sweep->unreadable;
	enum sf_err err = SF_OK;
	size_t i = 0;

	for (; i < count && !err && bson_get_monotonic_time() < end_us; i++)
		err = sweep_one(store, now_ms, found[i], sweep);
	/* The next query finds unreadable chats again: skip them. */
	sweep->passed += sweep->unreadable - unreadable;
	if (i == count && count < SF_STORE_SWEEP_MAX && !err) {
		sweep->part++;
		sweep->passed = 0;
	}
	for (; i < count; i++)
		bson_destroy(found[i]);
	return err;
}

enum sf_err sf_store_sweep(
	struct sf_store *store, int64_t now_ms, struct sf_sweep *sweep)
{
	const int64_t before = sweep->closed + sweep->removed;
	bson_t *found[SF_STORE_SWEEP_MAX];
	size_t count;
	enum sf_err err = find_due(store, now_ms, sweep, found, &count);

	sweep->to_wake_count = 0;
	if (!err)
		err = sweep_batch(store, now_ms, found, count, sweep);
	sweep->done = !err && sweep->part == PART__MAX;
	/* After a change, return no fault: the caller must then wake the
	 * participants. If the fault lasts, the next call returns it. */
	return sweep->closed + sweep->removed > before ? SF_OK : err;
}
