{%- set languages = ['fr', 'en'] -%}
{%- set with_lexicon = "('" ~ languages | join("', '") ~ "')" -%}
{%- set negation_words = var('verbatims')['negation_words'] -%}
{%- set clear_sentiment = var('verbatims')['clear_sentiment'] -%}

with

lexicon as (
    {% for language in languages -%}
        select
            '{{ language }}' as language,
            term,
            length(term) - length(replace(term, ' ', '')) + 1 as words,
            cast(weight as double) as weight,
            topic,
            role
        from {{ ref('lexicon_' ~ language) }}
        {%- if not loop.last %}

            union all

        {% endif %}
    {%- endfor %}
),

survey_verbatims as (
    select * from {{ ref('survey_verbatims') }}
),

survey_responses as (
    select * from {{ ref('int_survey_responses') }}
),

comment_texts as (
    select * from {{ ref('social_comment_texts') }}
),

comments as (
    select * from {{ ref('stg_social__comments') }}
),

texts as (
    select
        survey_verbatims.survey_response_id as response_key,
        survey_responses.language,
        survey_responses.language in {{ with_lexicon }} as has_lexicon,
        {{ words_of(folded_text('survey_verbatims.verbatim')) }} as words
    from survey_verbatims
    inner join survey_responses
        on survey_verbatims.survey_response_id = survey_responses.survey_response_id

    union all

    select
        comment_texts.comment_key as response_key,
        lower(comments.language) as language,
        lower(comments.language) in {{ with_lexicon }} as has_lexicon,
        {{ words_of(folded_text('comment_texts.comment_text')) }} as words
    from comment_texts
    inner join comments
        on comment_texts.comment_key = {{ surrogate_key(["'comment'", 'comments.platform', 'comments.comment_id']) }}
),

words as (
    select
        texts.response_key,
        texts.language,
        elements.word,
        elements.position
    from texts
    {{ unnest_in_order('texts.words', 'elements', 'word', 'position') }}
    where texts.has_lexicon
),

followed as (
    select
        *,
        lead(word, 1) over in_text as second_word,
        lead(word, 2) over in_text as third_word,
        lead(word, 3) over in_text as fourth_word
    from words
    window in_text as (partition by response_key order by position)
),

-- The one to four words that begin at each word.
phrases as (
    select
        response_key,
        language,
        position,
        word as phrase_1,
        word || ' ' || second_word as phrase_2,
        word || ' ' || second_word || ' ' || third_word as phrase_3,
        word || ' ' || second_word || ' ' || third_word || ' ' || fourth_word as phrase_4
    from followed
),

found as (
    {% for length in range(1, 5) -%}
        select
            phrases.response_key,
            phrases.position,
            lexicon.words,
            lexicon.weight,
            lexicon.topic,
            lexicon.role
        from phrases
        inner join lexicon
            on
                phrases.language = lexicon.language
                and phrases.phrase_{{ length }} = lexicon.term
        {%- if not loop.last %}

            union all

        {% endif %}
    {%- endfor %}
),

-- The longest term that begins at a word counts, unless an earlier term reaches over that word.
longest as (
    select
        *,
        max(position + words) over (
            partition by response_key order by position rows between unbounded preceding and 1 preceding
        ) as earlier_until
    from (
        select
            *,
            row_number() over (partition by response_key, position order by words desc) as length_rank
        from found
    ) as ranked
    where length_rank = 1
),

in_clauses as (
    select
        response_key,
        position,
        weight,
        topic,
        role,
        sum(case when role = 'turn' then 1 else 0 end) over (
            partition by response_key order by position rows unbounded preceding
        ) as clause
    from longest
    where coalesce(earlier_until <= position, true)
),

after_negations as (
    select
        *,
        max(case when role = 'negation' then position end) over (
            partition by response_key, clause order by position rows between unbounded preceding and 1 preceding
        ) as negated_at
    from in_clauses
),

-- A negation turns a weight and takes a quarter off it: to be "not bad" is less than to be good (after VADER's -0.74,
-- Hutto and Gilbert, 2014).
weighed as (
    select
        response_key,
        position,
        topic,
        case
            when role is null and coalesce(position - negated_at <= {{ negation_words }}, false) then -0.75e0 * weight
            else weight
        end as weight
    from after_negations
),

sums as (
    select
        response_key,
        coalesce(sum(weight), 0e0) as balance,
        coalesce(sum(abs(weight)), 0e0) as extent
    from weighed
    group by response_key
),

topics as (
    select
        response_key,
        topic,
        row_number() over (partition by response_key order by count(*) desc, min(position) asc) as topic_rank
    from weighed
    where topic is not null
    group by response_key, topic
),

scored as (
    select
        texts.response_key,
        case when texts.has_lexicon then coalesce(topics.topic, 'overall') else 'unknown' end as topic,
        case when texts.has_lexicon then coalesce(sums.balance / (sums.extent + 1), 0e0) end as sentiment
    from texts
    left join sums
        on texts.response_key = sums.response_key
    left join topics
        on
            texts.response_key = topics.response_key
            and topics.topic_rank = 1
),

final as (
    select
        response_key,
        topic,
        sentiment,
        case
            when sentiment >= {{ clear_sentiment }} then 'positive'
            when sentiment <= -{{ clear_sentiment }} then 'negative'
            when sentiment is not null then 'neutral'
        end as mood
    from scored
)

select * from final
