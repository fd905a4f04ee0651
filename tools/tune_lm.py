"""Choose the weights of a language model on dev."""

import argparse
import math

from cslrkit.utils.cli import add_cfg_options, add_trained_network, make_parser, run_tool


def _number(text: str) -> float:
    """Return a finite number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"got '{text}', expected a number")
    return value


def main() -> None:
    """Parse the arguments, score the grid, print the table and the best pair."""
    parser = make_parser(
        'Score a split with each pair of weights of a language model in the beam search. The network runs once; with '
        '--save and --log-probs not even that. Weights are tuned on dev, and the result is reported on test.',
        'python tools/tune_lm.py configs/slowfast/synthsign.py work_dirs/synthsign --arpa gloss.arpa --split dev',
    )
    add_trained_network(parser)
    parser.add_argument('--arpa', required=True, help='the n-gram model, as tools/train_lm.py writes it')
    parser.add_argument('--split', choices=('train', 'dev', 'test'), default='dev', help='(default: dev)')
    parser.add_argument(
        '--alpha',
        nargs='+',
        type=_number,
        default=[0.0, 0.25, 0.5, 0.75, 1.0],
        metavar='A',
        help='weights of the language model (default: 0 0.25 0.5 0.75 1)',
    )
    parser.add_argument(
        '--beta',
        nargs='+',
        type=_number,
        default=[0.0, 0.5, 1.0],
        metavar='B',
        help='rewards of a gloss (default: 0 0.5 1)',
    )
    files = parser.add_mutually_exclusive_group()
    files.add_argument('--save', metavar='NPZ', help='write the log-probabilities and references to this file')
    files.add_argument('--log-probs', metavar='NPZ', help='read them from a file of --save')
    add_cfg_options(parser)
    args = parser.parse_args()

    from cslrkit.apis import tune_language_model
    from cslrkit.engine.config import load_config
    from cslrkit.utils.tables import format_table

    trials = tune_language_model(
        load_config(args.config, args.cfg_options),
        args.checkpoint,
        args.arpa,
        split=args.split,
        alphas=args.alpha,
        betas=args.beta,
        save=args.save,
        log_probs=args.log_probs,
        progress=True,
    )
    rows = [
        [f'{trial.alpha:g}', f'{trial.beta:g}', *(f'{trial.metrics[key]:.2f}' for key in ('wer', 'sub', 'del', 'ins'))]
        for trial in sorted(trials)
    ]
    print(format_table(['alpha', 'beta', 'WER %', 'sub', 'del', 'ins'], rows, left=0))
    best, plain = trials[0], next(trial for trial in trials if not trial.alpha and not trial.beta)
    wers = f'WER {best.metrics["wer"]:.2f} %, without a language model {plain.metrics["wer"]:.2f} %'
    print(f'\nbest on {args.split}: {wers}')
    if best is plain:
        print('No pair is better than no language model: leave it out.')
    else:
        weights = f'alpha={best.alpha:g}, beta={best.beta:g}'
        language_model = f"dict(type='NGram', path={args.arpa!r}, {weights})"
        print(f'model = dict(decoder=dict(language_model={language_model}))')
    if args.split == 'dev':
        print('These weights were chosen on dev, so its WER flatters them: report test, scored with them once.')
    else:
        print(f'These weights were chosen on {args.split}. Tune on dev and report test.')


if __name__ == '__main__':
    run_tool(main)
