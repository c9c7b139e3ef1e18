import { analyzing, lookingAround, querying } from './asking.ts';
import { changingMany } from './bulk.ts';
import { cancelling, deleting, purging, restoring } from './ending.ts';
import { instantiating } from './instantiating.ts';
import { creating, linking, moving, ruling, updating } from './managing.ts';
import type { Call, Expected, Scene } from './scene.ts';
import { taking } from './taking.ts';
import { completing, executing, noting, planning, synthesizing } from './working.ts';

/** What a call should come to; undefined where it has nothing to be about. The world is changed as far as the call gets. */
export function expected(scene: Scene, call: Call): Expected | undefined {
  switch (call.kind) {
    case 'plan':
      return planning(scene, call);
    case 'execute':
      return executing(scene, call);
    case 'next':
      return taking(scene, call);
    case 'complete':
      return completing(scene, call);
    case 'note':
      return noting(scene, call);
    case 'synthesize':
      return synthesizing(scene, call);
    case 'create':
      return creating(scene, call);
    case 'lifecycle':
      return moving(scene, call);
    case 'link':
      return linking(scene, call);
    case 'word':
      return ruling(scene, call);
    case 'update':
      return updating(scene, call);
    case 'restore':
      return restoring(scene, call);
    case 'cancel':
      return cancelling(scene, call);
    case 'delete':
      return deleting(scene, call);
    case 'purge':
      return purging(scene, call);
    case 'bulk':
      return changingMany(scene, call);
    case 'instantiate':
      return instantiating(scene, call);
    case 'query':
      return querying(scene, call);
    case 'analyze':
      return analyzing(scene, call);
    case 'status':
      return lookingAround(scene);
  }
}
