import { BrushSize, Swatches } from '../brush/BrushOptions.tsx';
import { CameraOptions } from '../camera/CameraOptions.tsx';
import { DragHint, Reach } from '../drag/DragOptions.tsx';
import { HowButton } from '../how/HowButton.tsx';
import { isGiver } from '../how/how.ts';
import { ShapeChoice } from '../outline/ShapeChoice.tsx';
import { useStudio, whyReadOnly, type Tool } from '../session/store.ts';
import { toolInHand } from './tools.ts';

/** Tools that say what to do with them, in the place of the colours. */
const HINTS: Readonly<Partial<Record<Tool, string>>> = {
  select: 'Point at the clip: the others see where.',
  erase: 'Takes away paint, down to the picture.',
  region: 'Draw around a part of the clip, then say what it becomes.',
  lock: 'Draw around a part of the clip: it stays as it is shown now.',
  comment: 'Press on a point of the clip to say something about it.',
  who: 'Press on a point of the clip to see who did what there.',
};

/** What can be set about the tool in hand, above the stage. Nothing here moves. */
export function ToolBar() {
  const inHand = useStudio(toolInHand);
  const reason = useStudio(whyReadOnly);
  const off = reason !== null;
  const hint = HINTS[inHand];
  return (
    <div className="tool-bar" role="group" aria-label="The tool in hand">
      {off && <span className="read-only">{inHand === 'select' ? reason : hint ?? reason}</span>}
      {!off && <Options tool={inHand} hint={hint} />}
      {!off && isGiver(inHand) && <HowButton tool={inHand} />}
    </div>
  );
}

function Options({ tool, hint }: { tool: Tool; hint: string | undefined }) {
  switch (tool) {
    case 'brush':
    case 'recolour': return <><Swatches /><BrushSize /></>;
    case 'drag':
    case 'trajectory': return <><DragHint tool={tool} /><Reach /></>;
    case 'camera': return <CameraOptions />;
    case 'region':
    case 'lock': return <><Hint words={hint} /><ShapeChoice /></>;
    case 'erase': return <><Hint words={hint} /><BrushSize /></>;
    default: return <Hint words={hint} />;
  }
}

function Hint({ words }: { words: string | undefined }) {
  return <p className="tool-hint" data-testid="tool-hint">{words}</p>;
}
