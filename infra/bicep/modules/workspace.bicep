metadata description = 'Azure Machine Learning workspace: where runs are submitted to, and from where their nodes are managed.'

import { assignment, roleIds, roleNames } from 'roles.bicep'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the workspace.')
@minLength(3)
@maxLength(33)
param workspaceName string

@description('Resource ID of its key vault.')
param keyVaultId string

@description('Resource ID of its container registry.')
param registryId string

@description('Resource ID of its own storage account, for code and logs of runs. Without hierarchical namespace, which the service refuses there.')
param storageAccountId string

@description('Resource ID of Application Insights.')
param appInsightsId string

@description('Resource ID of the Log Analytics workspace.')
param logAnalyticsId string

@description('Name of the storage account with the videos.')
param dataAccountName string

@description('No public endpoint; nodes in a network that the service manages, with private endpoints to what they need.')
param isPrivate bool = false

@description('How the service and its tools reach the workspace\'s own storage account: by their identities, or by its keys, which azureml-core needs.')
@allowed(['identity', 'accesskey'])
param authMode string = 'identity'

@description('Name of the cluster that builds images, where the registry has no public endpoint and cannot build itself; empty for none. It need not exist yet.')
param imageBuildCompute string = ''

@description('Object ID of who submits runs: the identity of the function app.')
param submitterPrincipalId string

@description('Make the role assignments. Without it they are only told.')
param assignRoles bool = true

var submit = {
  roleId: roleIds.azureMlDataScientist
  why: 'The app submits, watches and cancels runs.'
}

resource workspace 'Microsoft.MachineLearningServices/workspaces@2025-12-01' = {
  name: workspaceName
  location: location
  tags: tags
  kind: 'Default'
  sku: {
    name: 'Basic'
    tier: 'Basic'
  }
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    friendlyName: workspaceName
    storageAccount: storageAccountId
    keyVault: keyVaultId
    containerRegistry: registryId
    applicationInsights: appInsightsId
    systemDatastoresAuthMode: authMode
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    imageBuildCompute: empty(imageBuildCompute) ? null : imageBuildCompute
    // The network itself is made with the first cluster, when its rules and the right to approve them are there.
    managedNetwork: {
      isolationMode: isPrivate ? 'AllowInternetOutbound' : 'Disabled'
    }
    v1LegacyMode: false
  }

  // For people who look at videos in the studio, as themselves. Runs do not use it.
  resource videos 'datastores' = {
    name: 'reelbrush_videos'
    properties: {
      datastoreType: 'AzureBlob'
      description: 'Painted videos'
      accountName: dataAccountName
      containerName: 'output'
      endpoint: environment().suffixes.storage
      protocol: 'https'
      credentials: {
        credentialsType: 'None'
      }
      serviceDataAccessAuthIdentity: 'None'
    }
  }
}

resource appSubmits 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (assignRoles) {
  name: guid(workspace.id, submitterPrincipalId, submit.roleId)
  scope: workspace
  properties: {
    principalId: submitterPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', submit.roleId)
    description: submit.why
  }
}

module network 'managedNetwork.bicep' = if (isPrivate) {
  name: 'managed-network'
  params: {
    workspaceName: workspace.name
    principalId: workspace.identity.principalId
    dataAccountName: dataAccountName
    opsAccountName: last(split(storageAccountId, '/'))
    keyVaultName: last(split(keyVaultId, '/'))
    registryName: last(split(registryId, '/'))
    assignRoles: assignRoles
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-log-analytics'
  scope: workspace
  properties: {
    workspaceId: logAnalyticsId
    logs: [
      {
        categoryGroup: 'allLogs'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

@description('Name of the workspace.')
output workspaceName string = workspace.name

@description('Resource ID of the workspace.')
output workspaceId string = workspace.id

@description('Object ID of the identity of the workspace.')
output principalId string = workspace.identity.principalId

@description('Every assignment, made or not.')
output assignments assignment[] = concat(
  [
    {
      principalId: submitterPrincipalId
      principalType: 'ServicePrincipal'
      roleId: submit.roleId
      role: roleNames[submit.roleId]
      scope: workspace.id
      why: submit.why
    }
  ],
  isPrivate ? network!.outputs.assignments : []
)
