with

source as (
    select * from {{ source('raw', 'loyalty_members') }}
),

latest_snapshot as (
    select max(ds) as snapshot_on from source
),

snapshots as (
    select
        ds as snapshot_on,
        lead(ds) over (order by ds) as next_snapshot_on
    from source
    group by ds
),

ranked as (
    select
        card_number,
        ds,
        joined_on,
        tier,
        status,
        {{ delivery_rank(['card_number', 'ds']) }} as version_rank
    from source
),

-- A card that a later snapshot no longer lists is closed by then.
listed as (
    select
        ranked.card_number,
        ranked.ds,
        ranked.joined_on,
        ranked.tier,
        ranked.status
    from ranked
    where ranked.version_rank = 1

    union all

    select
        ranked.card_number,
        max(snapshots.next_snapshot_on) as ds,
        min(ranked.joined_on) as joined_on,
        cast(null as {{ text_type() }}) as tier,
        'closed' as status
    from ranked
    inner join snapshots
        on ranked.ds = snapshots.snapshot_on
    cross join latest_snapshot
    group by ranked.card_number, latest_snapshot.snapshot_on
    having max(ranked.ds) < latest_snapshot.snapshot_on
),

compared as (
    select
        *,
        case when status = 'closed' then 'closed' else tier end as state,
        lag(case when status = 'closed' then 'closed' else tier end) over (
            partition by card_number order by ds
        ) as previous_state,
        row_number() over (partition by card_number order by ds) as snapshot_number
    from listed
),

changed as (
    select
        *,
        case when snapshot_number = 1 then least(coalesce(joined_on, ds), ds) else ds end as held_from
    from compared
    where previous_state is null or previous_state <> state
),

spelled as (
    select
        card_number,
        state,
        held_from as valid_from,
        lead(held_from) over (partition by card_number order by ds) as valid_to
    from changed
),

final as (
    select
        card_number,
        state as tier,
        valid_from,
        valid_to
    from spelled
    where
        state <> 'closed'
        and (valid_to is null or valid_to > valid_from)
)

select * from final
