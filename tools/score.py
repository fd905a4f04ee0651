"""Score hypotheses (CTM) against references (STM)."""

import argparse
import json
import sys

from cslrkit.utils.cli import add_import_option, make_parser, run_tool


def parse_args() -> argparse.Namespace:
    """Parse the arguments."""
    parser = make_parser(
        'Score hypotheses (CTM) against references (STM): word error rate with its interval, alignments, '
        'confusions, by signer and by length; or compare two systems.',
        'python tools/score.py --ref work_dirs/synthsign/dev.stm --hyp work_dirs/synthsign/dev.ctm --alignments\n'
        '  python tools/score.py --ref dev.stm --compare baseline/dev.ctm ours/dev.ctm',
    )
    parser.add_argument('--ref', required=True, metavar='STM', help='references, one line a sentence')
    systems = parser.add_mutually_exclusive_group(required=True)
    systems.add_argument('--hyp', metavar='CTM', help='hypotheses')
    systems.add_argument('--compare', nargs=2, metavar=('A.CTM', 'B.CTM'), help='two systems, tested in pairs')
    parser.add_argument(
        '--mode',
        choices=('python', 'sclite'),
        default='python',
        help="the published scorer, or the counts of NIST's program (default: %(default)s)",
    )
    parser.add_argument(
        '--normalizer', default='none', metavar='NAME', help='clean-up of the hypotheses: none, phoenix2014, your own'
    )
    parser.add_argument(
        '--clean-ref', metavar='SPLIT', help='clean the references as well, as those of train, dev or test'
    )
    parser.add_argument(
        '--merge-repeats', choices=('yes', 'no'), help='merge repeated neighbours (default: yes, in mode sclite no)'
    )
    parser.add_argument(
        '--missing',
        choices=('empty', 'deleted', 'error'),
        help='sentences of which the CTM has no word count as [EMPTY], as deletions, or are an error (default: empty; '
        'in mode sclite without a normalizer deleted, as the program has it)',
    )
    add_import_option(parser)
    parser.add_argument('--json', metavar='OUT', help='write all of it to a JSON file')
    parser.add_argument(
        '--alignments', nargs='?', const='-', metavar='OUT', help='print every sentence aligned, or write it to OUT'
    )
    parser.add_argument('--top', type=int, default=10, metavar='N', help='confusions to show (default: %(default)s)')
    parser.add_argument('--resamples', type=int, default=10_000, help='of the bootstrap (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='of the bootstrap (default: %(default)s)')
    parser.add_argument('--level', type=float, default=95.0, help='of the interval, in percent (default: %(default)s)')
    return parser.parse_args()


def main() -> None:
    """Score, print, and write what was asked for."""
    args = parse_args()

    from cslrkit.evaluation import report
    from cslrkit.utils.files import write_atomically
    from cslrkit.utils.imports import import_modules

    import_modules(args.modules)
    drawing = {'resamples': args.resamples, 'seed': args.seed, 'level': args.level}
    corpora = [
        report.score_files(
            args.ref,
            hyp,
            mode=args.mode,
            normalizer=args.normalizer,
            clean_ref=args.clean_ref,
            merge_repeats=None if args.merge_repeats is None else args.merge_repeats == 'yes',
            missing=args.missing,
        )
        for hyp in args.compare or [args.hyp]
    ]
    for note in dict.fromkeys(note for corpus in corpora for note in corpus.notes):
        print(f'warning: {note}', file=sys.stderr)
    summaries = [report.summarize(corpus, **drawing) for corpus in corpora]
    content = summaries[0]
    if args.compare:
        comparison = report.compare_corpora(*corpora, **drawing)
        content = {'a': summaries[0], 'b': summaries[1], 'comparison': comparison}
        print(report.format_comparison(*summaries, comparison))
    else:
        print(report.format_summary(content, top=args.top))
    if args.alignments:
        titles = [f'{summary["settings"]["hyp"]}\n\n' if args.compare else '' for summary in summaries]
        text = '\n\n'.join(
            title + '\n\n'.join(map(report.format_alignment, summary['sentences']))
            for title, summary in zip(titles, summaries)
        )
        if args.alignments == '-':
            print(f'\n{text}')
        else:
            write_atomically(args.alignments, f'{text}\n')
    if args.json:
        write_atomically(args.json, json.dumps(content, ensure_ascii=False, indent=1) + '\n')


if __name__ == '__main__':
    run_tool(main)
