"""Measure how well the times of recognized glosses lie on the signs."""

from cslrkit.utils.cli import make_parser, run_tool


def main() -> int:
    """Read results and annotated segments, compare, print."""
    parser = make_parser(
        'Compare the times of correctly recognized glosses with annotated segments: intersection over union, errors '
        'of start and end in seconds, by signer and gloss; and the calibration error of the confidence.',
        'python tools/analysis/spans.py work_dirs/synthsign/test.json --truth data/synthsign/synthetic.json',
    )
    parser.add_argument('results', metavar='RESULTS.json', help='written by tools/test.py')
    parser.add_argument(
        '--truth',
        required=True,
        metavar='FILE',
        help='synthetic.json of a drawn corpus, or a table with a row for each gloss: id, glosses, start, end',
    )
    parser.add_argument('--goal', action='store_true', help='exit with 1 unless the goal of docs/times.md is reached')
    parser.add_argument('--picture', metavar='PNG', help='draw sentences: segments above, spans below')
    parser.add_argument('--sentences', type=int, default=8, metavar='N', help='of the picture (default: %(default)s)')
    args = parser.parse_args()

    from cslrkit.corpora.segments import read_segments
    from cslrkit.evaluation.report.spans import (
        calibration_error,
        confidence_pairs,
        format_placed,
        goal_lines,
        place_glosses,
        summarize,
    )
    from cslrkit.visualization.canvas import save_picture
    from cslrkit.visualization.html_report import load_results
    from cslrkit.visualization.span_picture import draw_spans

    results, truth = load_results(args.results), read_segments(args.truth)
    sentences = results.corpus.sentences
    placed = place_glosses(sentences, results.seconds, truth)
    if not placed:
        print('no gloss is recognized correctly, so there is nothing to compare')
        return int(args.goal)
    for heading in ('signer', 'gloss'):
        print(f'{format_placed(placed, lambda one, name=heading: getattr(one, name), heading)}\n')
    print(format_placed(placed, lambda _: 'all', ''))
    print('IoU: seconds covered by both, by those covered by either; start, end: medians in seconds, + is late\n')
    confidences, correct = confidence_pairs(sentences, results.confidences)
    if confidences:
        error = calibration_error(confidences, correct)
        print(f'expected calibration error of the confidence: {error:.3f} ({len(confidences)} recognized glosses)')
    lines = goal_lines(summarize(placed))
    print('\n'.join(lines))
    if args.picture:
        print(
            f'written to {save_picture(draw_spans(sentences[: args.sentences], results.seconds, truth), args.picture)}'
        )
    return int(args.goal and any(line.endswith('not reached') for line in lines))


if __name__ == '__main__':
    run_tool(main)
